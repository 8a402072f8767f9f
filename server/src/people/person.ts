import type { User } from "@waremind/contract";
import type { Role } from "./permissions.ts";

export interface NewUser {
  readonly email: string;
  readonly name: string;
  /** 10 to 128 characters. */
  readonly password: string;
  readonly roles: readonly Role[];
}

export interface People {
  /**
   * Answers `/api/auth/*`: `POST sign-in/email`, `POST sign-out`, `GET get-session`, `POST change-password`,
   * `POST revoke-other-sessions`; every error is a Problem body. `address` is where the request came from (the socket's,
   * never a header that a caller can write): guesses are limited by it too.
   */
  handler(request: Request, from?: { readonly address: string }): Promise<Response>;
  /** Who the session cookie of these headers belongs to; null when there is none, or it ended. */
  userOf(headers: Headers): Promise<User | null>;
  /** The only way to a new account. Refuses with `invalid-input`, or `conflict` when the e-mail is taken. */
  createUser(user: NewUser): Promise<User>;
  hasUsers(): Promise<boolean>;
  /** By e-mail, at most 1,000. */
  listUsers(): Promise<readonly User[]>;
}
