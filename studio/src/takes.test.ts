import "fake-indexeddb/auto";
import { expect, test } from "vitest";
import { keep, keepQueue, queueOf, take, takesOf, waiting } from "./takes";

const TAKE = { voice: "hindi", phrase: "बारिश", name: "बारिश.wav", verdicts: [], report: [], at: 0 };

test("takes wait until they are uploaded, in the order of their recording", async () => {
  const ids = [];
  for (let i = 0; i < 3; i++) ids.push(await keep({ ...TAKE, file: new Blob([i.toString()]), state: "waiting" }));
  expect(await waiting()).toEqual(ids);
  const found = await take(ids[1] ?? 0);
  expect(found?.phrase).toBe("बारिश");
  await keep({ ...TAKE, id: ids[0] ?? 0, file: null, state: "ready" });
  expect(await waiting()).toEqual(ids.slice(1));
  expect((await takesOf("hindi")).map(({ state }) => state)).toEqual(["ready", "waiting", "waiting"]);
  expect(await takesOf("")).toEqual([]);
});

test("each voice has a list of its own", async () => {
  await keepQueue("hindi", "a.csv", [{ phrase: "x", messages: 1, example: [["x", true]] }]);
  expect((await queueOf("hindi")).items).toHaveLength(1);
  expect((await queueOf("")).items).toEqual([]);
});
