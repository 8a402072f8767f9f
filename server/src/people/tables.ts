import type { Generated } from "kysely";

/** The library's tables as this domain writes them; see migrations/0002-people.ts. */
export interface PeopleTables {
  person: {
    id: string;
    name: string;
    email: string;
    emailVerified: boolean;
    image: string | null;
    createdAt: Generated<Date>;
    updatedAt: Generated<Date>;
    /** Comma-separated. */
    roles: string;
  };
  personAccount: {
    id: string;
    accountId: string;
    providerId: string;
    userId: string;
    password: string | null;
    createdAt: Generated<Date>;
    updatedAt: Date;
  };
  personSession: { id: string; userId: string; token: string; expiresAt: Date };
}
