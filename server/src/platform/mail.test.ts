import type { AddressInfo } from "node:net";
import { createServer } from "node:net";
import { SMTPServer, type SMTPServerOptions } from "smtp-server";
import { afterEach, describe, expect, test } from "vitest";
import { createMailer } from "./mail.ts";

const open: { close(done: () => void): void }[] = [];
afterEach(async () => {
  for (const server of open.splice(0)) await new Promise<void>((resolve) => server.close(resolve));
});

async function smtp(options: SMTPServerOptions = {}): Promise<{ port: number; mails: string[] }> {
  const mails: string[] = [];
  const server = new SMTPServer({
    ...{ disabledCommands: ["STARTTLS"], allowInsecureAuth: true, closeTimeout: 100, logger: false },
    onAuth: ({ username, password }, _session, done) =>
      username === "desk" && password === "right" ? done(null, { user: username }) : done(new Error("Wrong")),
    onData: (stream, _session, done) => {
      let text = "";
      stream.on("data", (part: Buffer) => {
        text += part.toString();
      });
      stream.on("end", () => {
        mails.push(text);
        done();
      });
    },
    ...options,
  });
  server.on("error", () => undefined);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  open.push(server);
  return { port: (server.server.address() as AddressInfo).port, mails };
}

const from = "Waremind <alarms@shop.example>";
const mail = { id: "dlv_1", to: ["a@b.example"], subject: "Too warm\r\nBcc: x@y.z 过热", text: "正文 text" };
const refusing = (code: number) => (_address: unknown, _session: unknown, done: (error: Error) => void) =>
  done(Object.assign(new Error("refused"), { responseCode: code }));

describe("a mail", () => {
  test("arrives in both languages under a Message-ID that a repetition has as well", async () => {
    const { port, mails } = await smtp();
    const mailer = createMailer({ url: `smtp://desk:right@127.0.0.1:${String(port)}`, from });
    expect(await mailer.send(mail)).toEqual({ refused: [] });
    await mailer.send(mail);
    expect(mails).toHaveLength(2);
    for (const text of mails) {
      expect(text).toContain("Message-ID: <dlv_1@shop.example>");
      expect(text).not.toMatch(/^Bcc:/mu);
    }
  });

  test("with a wrong password may be sent again when the password was mended", async () => {
    const { port, mails } = await smtp();
    const mailer = createMailer({ url: `smtp://desk:wrong@127.0.0.1:${String(port)}`, from });
    await expect(mailer.send(mail)).rejects.toMatchObject({ isFinal: false });
    expect(mails).toEqual([]);
  });

  test("is refused for good with 550 and for now with 451", async () => {
    const final = await smtp({ authOptional: true, onRcptTo: refusing(550) });
    const sendTo = (port: number) =>
      createMailer({ url: `smtp://127.0.0.1:${String(port)}`, from }).send(mail);
    await expect(sendTo(final.port)).rejects.toMatchObject({ isFinal: true });
    const passing = await smtp({ authOptional: true, onRcptTo: refusing(451) });
    await expect(sendTo(passing.port)).rejects.toMatchObject({ isFinal: false });
  });

  test("of which one mailbox takes it and another does not says who did not", async () => {
    const { port, mails } = await smtp({
      authOptional: true,
      onRcptTo: ({ address }, _session, done) =>
        done(address.startsWith("gone") ? Object.assign(new Error("gone"), { responseCode: 550 }) : null),
    });
    const mailer = createMailer({ url: `smtp://127.0.0.1:${String(port)}`, from });
    const to = ["a@b.example", "gone@b.example"];
    expect(await mailer.send({ ...mail, to })).toEqual({ refused: ["gone@b.example"] });
    expect(mails).toHaveLength(1);
  });

  test("does not wait for ever for a server that says nothing, or is not there", async () => {
    const silent = createServer();
    await new Promise<void>((resolve) => silent.listen(0, "127.0.0.1", resolve));
    const { port } = silent.address() as AddressInfo;
    const mailer = createMailer({ url: `smtp://127.0.0.1:${String(port)}`, from }, { greetingMs: 100 });
    await expect(mailer.send(mail)).rejects.toMatchObject({ isFinal: false });
    await new Promise<void>((resolve) => silent.close(() => resolve()));
    await expect(mailer.send(mail)).rejects.toMatchObject({ isFinal: false });
  });
});
