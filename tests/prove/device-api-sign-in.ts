// Who may come in over MQTT: tokens, basic credentials, certificates, and devices that provision themselves.
import { execFile } from "node:child_process";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import type { NewCredential, ProvisionStrategy } from "../../server/src/devices/index.ts";
import { generateProvisionKeys } from "../../server/src/devices/index.ts";
import { certificateFolder } from "../support/device-product.ts";
import { type Case, type Scope, same, so, valuesOf } from "./device-api-case.ts";
import { jsonOf, type MqttVoice, overMqtt, type Sign } from "./device-api-voices.ts";

const run = promisify(execFile);
const telemetry = "v1/devices/me/telemetry";
const refusal = (voice: MqttVoice): number => (voice.is5 ? 0x86 : 5);

async function sees(scope: Scope, voice: MqttVoice, deviceId: number, sign: Sign): Promise<void> {
  const [acknowledged] = await voice.publish(sign, telemetry, ['{"seen":1}']);
  same(acknowledged?.reasonCode, 0, "acknowledgement");
  same((await valuesOf(scope.product, deviceId, "seen")).at(-1), 1, "stored reading");
}

/** A fresh key with a certificate, by itself or by the issuer of the tests. */
async function makeCertificate(scope: Scope, commonName: string, isIssued: boolean) {
  const folder = await mkdtemp(join(tmpdir(), "waremind-certificate-"));
  scope.defer(() => rm(folder, { recursive: true, force: true }));
  const [keyFile, certificateFile] = [join(folder, "device.key"), join(folder, "device.pem")];
  const request = join(folder, "device.csr");
  const key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-keyout", keyFile];
  const subject = ["-subj", `/CN=${commonName}`];
  if (isIssued) {
    await run("openssl", ["req", "-new", ...key, ...subject, "-out", request]);
    const issuer = [
      "-CA",
      join(certificateFolder, "issuer.pem"),
      "-CAkey",
      join(certificateFolder, "issuer.key"),
    ];
    const serial = ["-set_serial", String(Math.floor(Math.random() * 1e15))];
    await run("openssl", [
      "x509",
      "-req",
      "-in",
      request,
      ...issuer,
      ...serial,
      "-days",
      "2",
      "-out",
      certificateFile,
    ]);
  } else await run("openssl", ["req", "-x509", ...key, ...subject, "-days", "2", "-out", certificateFile]);
  return { keyFile, certificateFile, pem: await readFile(certificateFile, "utf8") };
}

async function provisioningProfile(scope: Scope, strategy: ProvisionStrategy) {
  const keys = generateProvisionKeys();
  const profileId = await scope.product.shop.makeProfile();
  await scope.product.shop.editProfile(profileId, { provisioning: { strategy, ...keys } });
  const request = { provisionDeviceKey: keys.key, provisionDeviceSecret: keys.secret };
  return { profileId, request };
}

interface Provisioned {
  readonly status: string;
  readonly credentialsType?: string;
  readonly credentialsValue?: unknown;
}

/** With the user name, or else the client id. */
async function provision(voice: MqttVoice, request: object, sign: Sign = { userName: "provision" }) {
  const payload = JSON.stringify(request);
  const topics = { topic: "/provision/request", answerTopic: "/provision/response" };
  return jsonOf(await voice.ask(sign, { ...topics, payload })) as Provisioned;
}

let named = 0;
const freshName = (): string => {
  named += 1;
  return `provisioned-${named}`;
};

export const signInCases: readonly Case[] = [
  ...overMqtt("bad credentials are refused with the right code", async ({ product }, voice) => {
    const device = await product.shop.makeDevice();
    same(await voice.connect({ userName: device.token }), 0, "with its token");
    same(await voice.connect({ userName: "no-such-token" }), refusal(voice), "with another token");
    same(await voice.connect({ userName: device.token, password: "x" }), refusal(voice), "with a password");
    same(await voice.connect({ clientId: "without-anything" }), refusal(voice), "with nothing");
  }),
  ...overMqtt("basic credentials: client id, user name and password match exactly", async (scope, voice) => {
    const { shop } = scope.product;
    const device = await shop.makeDevice({ credential: null });
    const all = { clientId: `id-${device.id}`, userName: `user-${device.id}`, password: "pass word ä" };
    await shop.issueCredential(device.id, { kind: "basic", ...all });
    await sees(scope, voice, device.id, all);
    same(await voice.connect({ ...all, password: "pass" }), refusal(voice), "with another password");
    same(await voice.connect({ ...all, clientId: "other" }), refusal(voice), "with another client id");
    same(await voice.connect({ ...all, userName: "other" }), refusal(voice), "with another user name");
    const two = await shop.makeDevice({ credential: null });
    const part = { userName: `user-${two.id}`, password: "secret" };
    await shop.issueCredential(two.id, { kind: "basic", ...part });
    await sees(scope, voice, two.id, { ...part, clientId: "whatever" });
  }),
  ...overMqtt("an access token over TLS", async (scope, voice) => {
    const device = await scope.product.shop.makeDevice();
    await sees(scope, voice, device.id, { userName: device.token, tls: "no-certificate" });
  }),
  ...overMqtt(
    "X.509 over TLS: the certificate alone says who it is, another one is refused",
    async (scope, voice) => {
      const { shop } = scope.product;
      const device = await shop.makeDevice({ credential: null });
      const own = await makeCertificate(scope, `logger-${device.id}`, false);
      await shop.issueCredential(device.id, { kind: "x509", pem: own.pem });
      await sees(scope, voice, device.id, { tls: own });
      const stranger = await makeCertificate(scope, `logger-${device.id}`, false);
      same(await voice.connect({ tls: stranger }), refusal(voice), "a stranger of the same name");
    },
    { needs: ["openssl"] },
  ),
  ...overMqtt(
    "X.509 by its issuer: a certificate that a profile vouches for makes its device",
    async (scope, voice) => {
      const { product } = scope;
      const stem = freshName();
      const profileId = await product.shop.makeProfile();
      await product.shop.editProfile(profileId, {
        provisioning: {
          strategy: "x509-chain",
          issuerPem: await readFile(join(certificateFolder, "issuer.pem"), "utf8"),
          commonNamePattern: `^(${stem}-\\d+)\\.shop\\.example$`,
        },
      });
      const own = await makeCertificate(scope, `${stem}-1.shop.example`, true);
      same(await voice.connect({ tls: own }), 0, "a certificate of the issuer");
      const device = await product.stored.find(`${stem}-1`);
      so(device !== null, "the device was not made");
      same(device.profileId, profileId, "profile");
      await sees(scope, voice, device.id, { tls: own });
      const other = await makeCertificate(scope, `toaster.${stem}.example`, true);
      same(await voice.connect({ tls: other }), refusal(voice), "a name that does not match");
      const forged = await makeCertificate(scope, `${stem}-2.shop.example`, false);
      same(await voice.connect({ tls: forged }), refusal(voice), "a certificate of another issuer");
    },
    { needs: ["openssl"] },
  ),
  ...overMqtt("provisioning ALLOW_CREATE_NEW makes the device and its token", async (scope, voice) => {
    const { profileId, request } = await provisioningProfile(scope, "allow-create-new");
    const deviceName = freshName();
    const answer = await provision(voice, { ...request, deviceName });
    same([answer.status, answer.credentialsType], ["SUCCESS", "ACCESS_TOKEN"], "answer");
    const device = await scope.product.stored.find(deviceName);
    so(device !== null, "the device was not made");
    same(device.profileId, profileId, "profile");
    await sees(scope, voice, device.id, { userName: String(answer.credentialsValue) });
    same((await provision(voice, { ...request, deviceName })).status, "FAILURE", "the same name again");
    const wrong = { ...request, provisionDeviceSecret: "wrong", deviceName: freshName() };
    same((await provision(voice, wrong)).status, "NOT_FOUND", "a wrong secret");
    const byClientId = await provision(
      voice,
      { ...request, deviceName: freshName(), gateway: true },
      { clientId: "provision" },
    );
    same(byClientId.status, "SUCCESS", "with the client id provision");
  }),
  ...overMqtt("provisioning CHECK_PRE_PROVISIONED lets in who was entered, once", async (scope, voice) => {
    const { profileId, request } = await provisioningProfile(scope, "check-pre-provisioned");
    const device = await scope.product.shop.makeDevice({ profileId, credential: null });
    const unknown = await provision(voice, { ...request, deviceName: freshName() });
    same(unknown.status, "NOT_FOUND", "a name that was not entered");
    const answer = await provision(voice, { ...request, deviceName: device.name });
    same(answer.status, "SUCCESS", "the entered name");
    await sees(scope, voice, device.id, { userName: String(answer.credentialsValue) });
    same((await provision(voice, { ...request, deviceName: device.name })).status, "FAILURE", "again");
  }),
  ...overMqtt("provisioning DISABLED makes nothing", async (scope, voice) => {
    const { profileId, request } = await provisioningProfile(scope, "allow-create-new");
    await scope.product.shop.editProfile(profileId, { provisioning: { strategy: "disabled" } });
    const deviceName = freshName();
    same((await provision(voice, { ...request, deviceName })).status, "NOT_FOUND", "answer");
    same(await scope.product.stored.find(deviceName), null, "the device");
  }),
  ...overMqtt("provisioning with supplied credentials: a token, or basic", async (scope, voice) => {
    const { request } = await provisioningProfile(scope, "allow-create-new");
    const supplied = async (credential: object, sign: Sign): Promise<void> => {
      const deviceName = freshName();
      const answer = await provision(voice, { ...request, deviceName, ...credential });
      same(answer.status, "SUCCESS", `answer to ${JSON.stringify(credential)}`);
      const device = await scope.product.stored.find(deviceName);
      so(device !== null, "the device was not made");
      await sees(scope, voice, device.id, sign);
    };
    const token = `supplied-${freshName()}`;
    await supplied({ token, credentialsType: "ACCESS_TOKEN" }, { userName: token });
    const basic = { clientId: `c-${freshName()}`, password: "a password" };
    const userName = `u-${freshName()}`;
    await supplied({ ...basic, username: userName, credentialsType: "MQTT_BASIC" }, { ...basic, userName });
    const taken = { ...request, deviceName: freshName(), token, credentialsType: "ACCESS_TOKEN" };
    same((await provision(voice, taken)).status, "FAILURE", "a token that is in use");
  }),
  ...overMqtt(
    "provisioning with a supplied certificate",
    async (scope, voice) => {
      const { request } = await provisioningProfile(scope, "allow-create-new");
      const deviceName = freshName();
      const own = await makeCertificate(scope, deviceName, false);
      const credential: NewCredential = { kind: "x509", pem: own.pem };
      const asked = { ...request, deviceName, credentialsType: "X509_CERTIFICATE", hash: credential.pem };
      const answer = await provision(voice, asked);
      same([answer.status, answer.credentialsType], ["SUCCESS", "X509_CERTIFICATE"], "answer");
      const device = await scope.product.stored.find(deviceName);
      so(device !== null, "the device was not made");
      await sees(scope, voice, device.id, { tls: own });
    },
    { needs: ["openssl"] },
  ),
];
