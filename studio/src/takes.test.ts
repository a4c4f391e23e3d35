import "fake-indexeddb/auto";
import { expect, test } from "vitest";
import { forgetSettled, keep, keepQueue, queueOf, take, takesOf, waiting } from "./takes";

const TAKE = { voice: "hindi", phrase: "बारिश", name: "बारिश.wav", verdicts: [], report: [], at: 0 };

test("takes wait until they are uploaded, in the order of their recording", async () => {
  const ids = [];
  for (let i = 0; i < 3; i++) {
    const file = new Blob([i.toString()]);
    ids.push(await keep({ ...TAKE, name: `${i.toString()}.wav`, file, state: "waiting" }));
  }
  expect(await waiting()).toEqual(ids);
  const found = await take(ids[1] ?? 0);
  expect(found?.phrase).toBe("बारिश");
  await keep({ ...TAKE, id: ids[0] ?? 0, file: null, state: "ready" });
  expect(await waiting()).toEqual(ids.slice(1));
  expect((await takesOf("hindi")).map(({ state }) => state)).toEqual(["ready", "waiting", "waiting"]);
  expect(await takesOf("")).toEqual([]);
});

test("of two takes of one clip that wait, the newer one is uploaded alone", async () => {
  const again = { ...TAKE, voice: "twice", state: "waiting" as const };
  await keep({ ...again, file: new Blob(["first"]) });
  const other = await keep({ ...again, name: "पानी.wav", file: new Blob(["another"]) });
  const newer = await keep({ ...again, file: new Blob(["second"]) });
  expect((await waiting()).slice(-2)).toEqual([other, newer]);
  expect(await takesOf("twice")).toHaveLength(2);
});

test("words that are recorded anew forget what became of the old takes, and nothing that waits", async () => {
  const one = { ...TAKE, voice: "anew" };
  await keep({ ...one, file: null, state: "ready" });
  await keep({ ...one, file: new Blob(["kept"]), state: "waiting" });
  await keep({ ...one, phrase: "पानी", file: null, state: "refused" });
  await forgetSettled("anew", new Set([one.phrase]));
  expect((await takesOf("anew")).map(({ phrase, state }) => [phrase, state])).toEqual([
    ["बारिश", "waiting"],
    ["पानी", "refused"],
  ]);
});

test("each voice has a list of its own", async () => {
  await keepQueue("hindi", "a.csv", [{ phrase: "x", messages: 1, example: [["x", true]] }]);
  expect((await queueOf("hindi")).items).toHaveLength(1);
  expect((await queueOf("")).items).toEqual([]);
});
