// Purpose: the links bench's redirect handled the way Sink does it (github.com/miantiao-me/Sink, server/middleware/1.redirect.ts): the link as JSON
// out of KV, its expiry looked at, the visit written to Analytics Engine, a redirect. In Hono instead of Nitro, which costs more.

import { Hono } from "hono";

const BOTS = /bot|crawl|spider|facebookexternalhit|whatsapp|slack|telegram|curl|wget|preview/i;

const app = new Hono();
app.get("/l/:slug", async (c) => {
  const link = await c.env.KV.get(`l:${c.req.param("slug")}`, { type: "json" });
  if (link === null || (link.expiration && link.expiration <= Date.now() / 1000)) return c.notFound();
  const header = (name) => c.req.header(name) ?? "";
  const agent = header("user-agent");
  const referer = header("referer");
  const blobs = [link.slug, link.url, agent, header("cf-connecting-ip"), referer && new URL(referer).host, header("cf-ipcountry"), header("accept-language"), BOTS.test(agent) ? "bot" : ""];
  c.env.ANALYTICS.writeDataPoint({ indexes: [link.id], blobs, doubles: [0, 0] });
  return c.redirect(link.url, 302);
});
export default app;
