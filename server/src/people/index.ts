// The door of people: who works here, how they sign in, and what each role may do.
export { passwordLengthMin } from "./auth.ts";
export { createPeople } from "./people.ts";
export {
  isRole,
  may,
  type Permission,
  permissions,
  type Role,
  rolePermissions,
  roles,
} from "./permissions.ts";
export type * from "./person.ts";
