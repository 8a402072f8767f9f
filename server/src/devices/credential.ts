import type { IssuedCredential } from "@waremind/contract";
import type { Connection } from "../platform/database.ts";
import type { DeviceIdentity } from "./device.ts";

export type CredentialKind = "access-token" | "basic" | "x509";

/** What a device shows when it connects. Null: not given; the empty string is not given either. */
export type Presented =
  /** `hash`: `hashOfToken(token)`, from who has it already. */
  | { readonly kind: "access-token"; readonly token: string; readonly hash?: Buffer }
  /** MQTT CONNECT without a certificate: an access token as user name, or any combination of the three. */
  | {
      readonly kind: "connect";
      readonly clientId: string | null;
      readonly userName: string | null;
      readonly password: string | null;
    }
  /** A client certificate as DER, with the issuers it came with; TLS has proved that the device holds its key. */
  | { readonly kind: "certificate"; readonly der: Uint8Array; readonly commonName: string | null };

/** What a person or a device supplies for a new credential; what is absent is generated. */
export type NewCredential =
  | { readonly kind: "access-token"; readonly token?: string | undefined }
  | {
      readonly kind: "basic";
      readonly clientId?: string | null | undefined;
      readonly userName?: string | null | undefined;
      readonly password?: string | null | undefined;
    }
  | { readonly kind: "x509"; readonly pem: string };

/** Shown once; only hashes are stored (basic passwords under a key of the installation, since people choose them). */
export type { IssuedCredential };

export interface Credential {
  readonly id: number;
  readonly deviceId: number;
  readonly kind: CredentialKind;
  readonly hint: string;
  readonly createdAt: number;
  readonly revokedAt: number | null;
}

export interface DeviceCredentials {
  /**
   * Who shows this, or null: unknown, revoked, or a disabled device. An unknown certificate that a profile with the
   * strategy `x509-chain` vouches for (issued by its certificate, common name matches its pattern, in its validity)
   * makes its device on first sight. Cached for a bounded time; `devices.forget` clears a device's entries.
   */
  authenticate(presented: Presented): Promise<DeviceIdentity | null>;
  /** @throws DomainError `conflict` when it is in use, `invalid-input` when it is too short or no certificate. */
  issue(connection: Connection, deviceId: number, credential: NewCredential): Promise<IssuedCredential>;
  list(deviceId: number): Promise<readonly Credential[]>;
  find(credentialId: number): Promise<Credential | null>;
  /** @throws DomainError `not-found`. The caller closes live sessions (`DeviceHub.close`) after the commit. */
  revoke(connection: Connection, credentialId: number): Promise<Credential>;
}
