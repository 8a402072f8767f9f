import type { LinkProps } from "@tanstack/react-router";

/** A screen of the console that a link may lead to. */
export type Place = NonNullable<LinkProps["to"]>;
