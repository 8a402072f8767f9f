// Who a customer is, before anything is said of an order: an order number with its e-mail, or the shop's signed token.
import {
  type CustomerSession,
  type Customers,
  createProofLimit,
  type IdentityTokens,
  isSameEmail,
  proofRefused,
} from "../customers/index.ts";
import type { Orders } from "../orders/index.ts";
import type { Clock } from "../platform/clock.ts";
import { DomainError } from "../platform/errors.ts";

export interface ProvenIdentity {
  readonly session: CustomerSession;
  /** The session's bearer token; it is not kept and cannot be read again. */
  readonly token: string;
}

export interface IdentityProof {
  /**
   * `address` is the caller's network address, when known. Every failure has the same answer (`credentials-wrong`)
   * and the same look-ups; attempts are limited per order, per e-mail and per address (`rate-limited`).
   */
  proveByOrder(input: {
    readonly orderNumber: string;
    readonly email: string;
    readonly address?: string;
  }): Promise<ProvenIdentity>;
  /** A token that the shop's own server signed. `credentials-wrong` for anything else, or an unknown customer. */
  proveByToken(identityToken: string): Promise<ProvenIdentity>;
}

export function createIdentityProof(deps: {
  readonly customers: Customers;
  readonly orders: Orders;
  readonly clock: Clock;
  /** Absent: tokens are not accepted. */
  readonly identityTokens?: IdentityTokens;
}): IdentityProof {
  const { customers, orders } = deps;
  const limit = createProofLimit({ clock: deps.clock });
  return {
    proveByOrder: async ({ orderNumber, email, address }) => {
      const [number, mailbox] = [orderNumber.trim(), email.trim()];
      const subjects = [`order:${number}`, `email:${mailbox}`] as const;
      // The address counts once; without one each order and each e-mail stands for itself.
      limit.take({ address: address ?? subjects[0], subject: subjects[0] });
      limit.take({ address: subjects[1], subject: subjects[1] });
      const order = await orders.findOrderByNumber(number);
      const customer = await customers.findCustomerByEmail(mailbox);
      const isTheirs =
        order !== null &&
        customer !== null &&
        order.customerId === customer.id &&
        isSameEmail(customer.email, mailbox);
      if (!isTheirs) throw proofRefused();
      for (const subject of subjects) limit.forget(subject);
      return customers.startSession(customer.id, `order:${order.number}`);
    },
    proveByToken: async (identityToken) => {
      const identity = deps.identityTokens?.verify(identityToken) ?? null;
      const customer =
        identity === null
          ? null
          : "customerId" in identity
            ? await customers.findCustomer(identity.customerId)
            : await customers.findCustomerByEmail(identity.email);
      if (customer === null) throw tokenRefused();
      return customers.startSession(customer.id, "identity-token");
    },
  };
}

function tokenRefused(): DomainError {
  return new DomainError("credentials-wrong", {
    en: "The sign-in of the shop was not accepted. Please reload the page, or use your order number and e-mail.",
    zh: "店铺登录信息未被接受，请刷新页面，或使用订单号和邮箱验证。",
  });
}
