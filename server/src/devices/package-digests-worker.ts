import { parentPort } from "node:worker_threads";
import { type DigestRequest, digestsOf } from "./release-package.ts";

parentPort?.once("message", (request: DigestRequest) => parentPort?.postMessage(digestsOf(request)));
