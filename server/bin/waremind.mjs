#!/usr/bin/env node
// `waremind …`: runs the server's sources with Node 22.18 or newer, which reads TypeScript by itself.
import "../src/main.ts";
