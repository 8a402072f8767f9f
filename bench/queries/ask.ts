// One kept connection and no compression, the same for everybody who is measured.
import { Agent, request } from "node:http";

export interface Asker {
  get(path: string): Promise<string>;
  post(path: string, body: string): Promise<string>;
  close(): void;
}

/** Rejects with the answer's text for every status but 2xx. */
export function openAsker(port: number, headers: Readonly<Record<string, string>>): Asker {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  const ask = (method: string, path: string, body?: string): Promise<string> =>
    new Promise((resolve, reject) => {
      const asked = request({ agent, host: "127.0.0.1", port, method, path, headers }, (response) => {
        const parts: Buffer[] = [];
        response.on("data", (part: Buffer) => parts.push(part));
        response.once("error", reject);
        response.once("end", () => {
          const text = Buffer.concat(parts).toString();
          const status = response.statusCode ?? 0;
          if (status >= 200 && status < 300) resolve(text);
          else reject(new Error(`${method} ${path.slice(0, 200)}: ${status} ${text.slice(0, 500)}`));
        });
      });
      asked.once("error", reject);
      asked.end(body);
    });
  return {
    get: (path) => ask("GET", path),
    post: (path, body) => ask("POST", path, body),
    close: () => agent.destroy(),
  };
}
