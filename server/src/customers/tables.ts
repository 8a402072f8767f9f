import type { Language } from "@waremind/contract";

export interface CustomerTables {
  customer: {
    id: string;
    name: string;
    email: string;
    phone: string;
    language: Language;
    timeZone: string;
    postcode: string;
    createdAt: number;
  };
  customerSession: {
    id: string;
    customerId: string;
    tokenHash: Buffer;
    provedBy: string;
    createdAt: number;
    expiresAt: number;
    endedAt: number | null;
  };
}
