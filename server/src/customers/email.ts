import { createHash, timingSafeEqual } from "node:crypto";

/** One person, one spelling: without blanks around it, in small letters. */
export const normaliseEmail = (email: string): string => email.trim().toLowerCase();

/** Whether two addresses are the same, in a time that does not tell how much of them agrees. */
export function isSameEmail(left: string, right: string): boolean {
  return timingSafeEqual(digest(normaliseEmail(left)), digest(normaliseEmail(right)));
}

const digest = (text: string): Buffer => createHash("sha256").update(text).digest();
