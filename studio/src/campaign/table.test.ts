import { expect, test } from "vitest";
import { messageOf, outcomesIn, tableOf } from "./table";

const table = (text: string) => tableOf(new File([text], "a.csv"), () => 0);

test("a table is read whatever its separator is", async () => {
  for (const text of ["name,place\nRam,Pune\n", "\uFEFFname;place\r\nRam;Pune\r\n", "sep=\t\nname\tplace\nRam\tPune"]) {
    const { columns, rows, read, whole } = await table(text);
    expect([columns, read, whole]).toEqual([["name", "place"], 1, true]);
    expect(rows[0]?.number).toBe(2);
    expect(rows[0]?.cells.get("place")).toBe("Pune");
  }
});

test("a few rows are tried, in the order of the table", async () => {
  const { rows } = await table(`message\n${Array.from({ length: 50 }, (_, i) => i).join("\n")}`);
  expect(rows.map(({ number }) => number)).toEqual([2, 3, 4, 5, 6]);
});

test("a large file is read at its beginning, in whole rows", async () => {
  const { read, whole } = await table(`message\n${"hello world\n".repeat(300_000)}`);
  expect(whole).toBe(false);
  expect(read).toBeGreaterThan(100_000);
});

test("a message is a cell, or the template with cells", () => {
  const cells = new Map([
    ["name", "Ram"],
    ["message", "hello"],
  ]);
  expect(messageOf(cells, "message", "")).toBe("hello");
  expect(messageOf(cells, "message", "{{x}} {name}: {nobody}!")).toBe("{x} Ram: !");
});

test("a table that is no UTF-8 is refused as the service refuses it", async () => {
  const workbook = new Uint8Array([0x50, 0x4b, 3, 4, 0xff, 0xfe]);
  await expect(tableOf(new File([workbook], "a.csv"))).rejects.toThrow("CSV UTF-8");
});

test("a manifest tells its rows' outcomes, whatever columns the table had", async () => {
  const lines = [
    "\uFEFFreason;status;status 2;file;link;duration_ms;missing;reason 2",
    "mine;x;made;audio/a__b.mp3;https://bucket/a;900;;",
    "mine;x;refused;;;;zebra; heavy;",
    "mine;x;refused;;;;;the row is empty",
  ];
  const link = `data:text/csv,${encodeURIComponent(lines.join("\r\n").replace("zebra; heavy", '"zebra; heavy"'))}`;
  expect(await outcomesIn(link)).toEqual({
    made: [{ row: 2, file: "a__b.mp3", link: "https://bucket/a" }],
    refused: [
      { row: 3, reason: "no clip says zebra; heavy" },
      { row: 4, reason: "the row is empty" },
    ],
  });
});
