import { expect, test } from "vitest";
import { createMetrics } from "./metrics.ts";

const metric = (name: string, labels: readonly string[] = []) => ({ name, help: "It counts.", labels });

test("a counter keeps its sum over scrapes, and one that never happened is 0", async () => {
  const metrics = createMetrics();
  metrics.counter(metric("never_total"));
  const counter = metrics.counter(metric("some_total", ["kind"]));
  counter.add(["a"]);
  counter.add(["a"], 2);
  await metrics.text();
  counter.add(["b"]);
  const { body } = await metrics.text();
  expect(body).toContain("never_total 0\n");
  expect(body).toContain('some_total{kind="a"} 3\n');
  expect(body).toContain('some_total{kind="b"} 1\n');
});

test("endless labels end as `other`: whoever makes names up does not fill the memory", async () => {
  const metrics = createMetrics();
  const counter = metrics.counter(metric("wild_total", ["name"]));
  const histogram = metrics.histogram({ ...metric("wild_seconds", ["name"]), buckets: [1] });
  for (let index = 0; index < 1_000; index += 1) {
    counter.add([`name-${index}`]);
    histogram.observe([`name-${index}`], 1);
  }
  const { body } = await metrics.text();
  const lines = body.split("\n");
  expect(lines.filter((line) => line.startsWith("wild_total{"))).toHaveLength(201);
  expect(lines.filter((line) => line.startsWith("wild_seconds_count{"))).toHaveLength(201);
  expect(body).toContain('wild_total{name="other"} 800\n');
});

test("a gauge that cannot be read is left out or no number, and the others are there", async () => {
  const metrics = createMetrics();
  metrics.gauge(metric("broken", ["kind"]), () => Promise.reject(new Error("no store")));
  metrics.gauge(metric("plain_broken"), () => Promise.reject(new Error("no store")));
  metrics.gauge(metric("good"), () => [{ values: [], value: 7 }]);
  const { body } = await metrics.text();
  expect(body).not.toContain("broken{");
  expect(body).toContain("plain_broken Nan\n");
  expect(body).toContain("good 7\n");
});

test("two registries share nothing", async () => {
  const [one, two] = [createMetrics(), createMetrics()];
  one.counter(metric("mine_total")).add([], 5);
  two.counter(metric("mine_total"));
  expect((await two.text()).body).toContain("mine_total 0\n");
});
