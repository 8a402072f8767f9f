import { QueryClientProvider } from "@tanstack/react-query";
import { RouterProvider } from "@tanstack/react-router";
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { createLive } from "./api/live.ts";
import { createQueryClient } from "./api/query-client.ts";
import { LiveContext } from "./api/use-live.ts";
import { startI18n } from "./i18n/i18n.ts";
import { createConsoleRouter } from "./router.tsx";
import { ShopTimeZone } from "./shell/shop-time-zone.tsx";
import { Toasts } from "./ui/toasts.tsx";
import "./styles.css";

async function start(): Promise<void> {
  const root = document.getElementById("root");
  if (root === null) throw new Error("index.html has no element with the id root.");
  await startI18n();
  const client = createQueryClient();
  const live = createLive(client);
  const router = createConsoleRouter(client);
  createRoot(root).render(
    <StrictMode>
      <QueryClientProvider client={client}>
        <LiveContext value={live}>
          <ShopTimeZone>
            <Toasts>
              <RouterProvider router={router} />
            </Toasts>
          </ShopTimeZone>
        </LiveContext>
      </QueryClientProvider>
    </StrictMode>,
  );
}

await start();
