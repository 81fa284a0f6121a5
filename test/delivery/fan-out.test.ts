import { expect, test } from "vitest";
import { measureDelivery, quantile } from "../../bench/delivery.ts";

test("a piece of news leaves at the full pace and never faster, refused by nobody, cheap to claim", {
  timeout: 60_000,
}, async () => {
  const chats = 160;
  const measured = await measureDelivery({
    ...{ chats, groups: 0, streamers: 1, messagesPerSecond: 40, latencyMs: 50 },
  });
  // Where others use the machine too, it may stand still at times: bench/fan-out.ts has the aims.
  expect(measured.seconds).toBeLessThan(measured.ideal * 2);
  expect(measured.fullestLeft).toBeLessThanOrEqual(1.03);
  expect(measured.refused).toBeLessThan(chats * 0.05);
  expect(quantile(measured.queries.get("loop_due") ?? [], 0.99)).toBeLessThan(250);
});

test("a backlog is drained by turns: no chat waits for much longer than all the others", {
  timeout: 60_000,
}, async () => {
  const measured = await measureDelivery({
    ...{ chats: 60, groups: 6, streamers: 3, messagesPerSecond: 40, latencyMs: 50 },
  });
  expect(measured.unfairness).toBeLessThan(3);
  expect(measured.refused).toBeLessThan(measured.messages * 0.05);
});
