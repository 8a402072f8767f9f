// Who may do what: one table, read by routes and screens alike.
import type { User } from "@waremind/contract";

export const roles = ["owner", "operations", "support", "warehouse", "integrator", "auditor"] as const;
export type Role = (typeof roles)[number];

export const permissions = [
  "overview.read",
  "shipments.read",
  "orders.read",
  "stock.read",
  "devices.read",
  "devices.write",
  /** To ask for an act on a device; the guard decides it by the clause on acting on devices. */
  "devices.command",
  /** To take back commands that somebody else sent. */
  "devices.command-of-others",
  /** To take in, or put away for good, what was held back. */
  "quarantine.decide",
  /** To let the server read another system by its address and password. */
  "imports.run",
  "alarms.read",
  /** To acknowledge alarms and to assign them to somebody. */
  "alarms.acknowledge",
  /** To see who is told of alarms, with their addresses. */
  "escalation.read",
  "escalation.write",
  "conversations.read",
  "conversations.reply",
  "evidence.read",
  "approvals.read",
  /** To decide at all; the guard asks for the level's own permission besides. */
  "approvals.decide",
  "approvals.decide-support",
  "approvals.decide-owner",
  "audit.read",
  "people.read",
  "people.write",
  /** To see background jobs and the server's own figures. */
  "operations.read",
  /** To send background jobs again, or to end them. */
  "operations.act",
  "demo.run",
  "suites.run",
] as const;
export type Permission = (typeof permissions)[number];

export const rolePermissions: Readonly<Record<Role, readonly Permission[]>> = {
  owner: permissions,
  operations: [
    "overview.read",
    "shipments.read",
    "orders.read",
    "stock.read",
    "devices.read",
    "devices.write",
    "devices.command",
    "devices.command-of-others",
    "quarantine.decide",
    "alarms.read",
    "alarms.acknowledge",
    "escalation.read",
    "escalation.write",
    "conversations.read",
    "conversations.reply",
    "evidence.read",
    "approvals.read",
    "operations.read",
    "operations.act",
    "demo.run",
    "suites.run",
  ],
  support: [
    "overview.read",
    "shipments.read",
    "orders.read",
    "stock.read",
    "devices.read",
    "devices.command",
    "alarms.read",
    "alarms.acknowledge",
    "conversations.read",
    "conversations.reply",
    "evidence.read",
    "approvals.read",
    "approvals.decide",
    "approvals.decide-support",
  ],
  warehouse: [
    "overview.read",
    "shipments.read",
    "orders.read",
    "stock.read",
    "devices.read",
    "devices.command",
    "alarms.read",
    "alarms.acknowledge",
  ],
  integrator: [
    "overview.read",
    "shipments.read",
    "stock.read",
    "devices.read",
    "devices.write",
    "devices.command",
    "quarantine.decide",
    "alarms.read",
    "operations.read",
  ],
  auditor: [
    "overview.read",
    "shipments.read",
    "orders.read",
    "stock.read",
    "devices.read",
    "alarms.read",
    "escalation.read",
    "conversations.read",
    "evidence.read",
    "approvals.read",
    "audit.read",
    "people.read",
    "operations.read",
    "suites.run",
  ],
};

/** Whether one of the person's roles allows it; a role that this version does not know allows nothing. */
export function may(user: Pick<User, "roles">, permission: Permission): boolean {
  return user.roles.some((role) => isRole(role) && rolePermissions[role].includes(permission));
}

export function isRole(text: string): text is Role {
  return (roles as readonly string[]).includes(text);
}
