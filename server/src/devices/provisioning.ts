import type { Connection } from "../platform/database.ts";
import type { IssuedCredential, NewCredential } from "./credential.ts";
import type { Device, NewProfile, Profile, ProvisionStrategy } from "./device.ts";

export interface ProvisioningSettings {
  readonly strategy: ProvisionStrategy;
  readonly key: string | null;
  readonly hasSecret: boolean;
  readonly issuerPem: string | null;
  readonly commonNamePattern: string | null;
}

/** What `/provision` asks, on every transport. `credential` absent: the server makes an access token. */
export interface ProvisionRequest {
  readonly deviceName: string | null;
  readonly key: string;
  readonly secret: string;
  readonly credential: NewCredential | null;
  readonly isGateway: boolean;
}

export type ProvisionAnswer =
  | { readonly status: "SUCCESS"; readonly device: Device; readonly credential: IssuedCredential }
  /** Wrong key or secret, or a name that was not entered beforehand: never says which. */
  | { readonly status: "NOT_FOUND" }
  | { readonly status: "FAILURE"; readonly reason: string };

/** What is changed of a profile; what is absent stays. A null secret removes it; a text sets it. */
export interface ProfileEdit extends Partial<Omit<NewProfile, "id">> {
  readonly provisioning?: {
    readonly strategy: ProvisionStrategy;
    readonly key?: string | null;
    readonly secret?: string | null;
    readonly issuerPem?: string | null;
    readonly commonNamePattern?: string | null;
  };
}

export interface DeviceProvisioning {
  settings(): Promise<ReadonlyMap<string, ProvisioningSettings>>;
  /** @throws DomainError `conflict` when the profile is not at `version` any more, `not-found`. Bumps the version. */
  editProfile(
    connection: Connection,
    profileId: string,
    version: number,
    edit: ProfileEdit,
  ): Promise<Profile>;
  provision(connection: Connection, request: ProvisionRequest): Promise<ProvisionAnswer>;
  /** ThingsBoard's claiming: the device opens a window, a person with the secret closes it. `durationMs` ≤ 24 h. */
  openClaim(
    connection: Connection,
    deviceId: number,
    claim: { readonly secret: string; readonly durationMs: number | null },
  ): Promise<void>;
  /** @throws DomainError `not-found` for an unknown name, a closed window or a wrong secret: never says which. */
  claim(
    connection: Connection,
    input: { readonly deviceName: string; readonly secret: string; readonly by: string },
  ): Promise<Device>;
}

/** Children of a gateway. */
export interface GatewayChildren {
  /**
   * The child by name, made on first sight with the named profile (absent or unknown: the profile `default`), unless the
   * gateway's quota is used up (DomainError `limit-reached`). A device that is no child of this gateway and has
   * credentials of its own is refused (`not-allowed`).
   */
  openChild(
    connection: Connection,
    gateway: Device,
    child: { readonly name: string; readonly profileName: string | null },
  ): Promise<Device>;
  /** Many new children at once, in order. @throws as `openChild`; `conflict` when a name is taken */
  enterChildren(
    connection: Connection,
    gateway: Device,
    list: readonly { readonly name: string; readonly label: string; readonly profileId: string }[],
  ): Promise<readonly Device[]>;
  childrenOf(gatewayId: number): Promise<readonly Device[]>;
}
