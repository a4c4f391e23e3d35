import { computed, signal } from "@preact/signals";
import {
  type Campaign,
  campaign as askCampaign,
  campaigns as listCampaigns,
  checkCampaign,
  createCampaign,
  postForm,
  runCampaign,
} from "../api";
import { focusOn } from "../parts/focus";
import { linked } from "../config";
import { save } from "../parts/save";
import { add } from "../record/state";
import { parse } from "../record/script";
import { go, looked, told, voice } from "../store";
import { type Item } from "../takes";
import { type Made, type Refused, type Table, outcomesIn, tableOf } from "./table";

/** Between looks at a run: soon at first, then less often. */
const FIRST_LOOK_MS = 300;
const LAST_LOOK_MS = 3000;
const FAILED_LOOK_MS = 10_000;

export const known = signal<Campaign[]>([]);
export const current = signal<Campaign | null>(null);
export const file = signal<{ name: string; table: Table; data: File } | null>(null);
export const column = signal("");
export const template = signal("");
export const missing = signal<Item[]>([]);
export const outcomes = signal<{ made: Made[]; refused: Refused[] }>({ made: [], refused: [] });
export const sending = signal<number | null>(null);

async function list(): Promise<void> {
  known.value = await listCampaigns();
}

export async function choose(files: FileList | null | undefined): Promise<void> {
  const [data] = files ?? [];
  if (!data) return;
  const table = await tableOf(data);
  if (table.read < 1)
    throw new Error("There are no rows in it: the first row names the columns, and each other row is a message.");
  file.value = { name: data.name, table, data };
  column.value = table.columns.find((name) => name.toLowerCase() === "message") ?? table.columns[0] ?? "";
  template.value = "";
  current.value = null;
}

/** A file's name as that of a campaign. */
const nameOfCampaign = (name: string) =>
  Array.from(name.replace(/\.\w+$/, "").replace(/[\p{Cc}/]/gu, " "))
    .slice(0, 64)
    .join("")
    .trim() || "table";

/** Whether checking the table takes the place of a campaign that is there. */
export const replaces = computed(() =>
  known.value.some((one) => one.voice === voice.value && one.name === nameOfCampaign(file.value?.name ?? "")),
);

/** All of the page is about one voice: a campaign of another one is not shown beside it. */
voice.subscribe((name) => {
  if (current.value && current.value.voice !== name) current.value = null;
});

/** Send the table, and let the service plan all of its rows. */
export async function check(): Promise<void> {
  const chosen = file.value;
  if (!chosen) return;
  sending.value = 0;
  try {
    const made = await createCampaign({
      name: nameOfCampaign(chosen.name),
      voice: voice.value,
      ...(template.value ? { template: template.value } : { column: column.value }),
    });
    if (made.upload) await postForm(made.upload, chosen.data, (share) => (sending.value = share));
    current.value = await checkCampaign(made.id);
    focusOn(".detail"); // the button is gone
  } finally {
    sending.value = null;
  }
  await follow();
}

/** Check or run all rows of the campaign again: what is made is kept. */
export async function begin(how: typeof runCampaign): Promise<void> {
  if (!current.value) return;
  current.value = await how(current.value.id);
  focusOn(".detail");
  await follow();
}

let following = 0;

/** Look at the campaign until its run has ended. */
async function follow(): Promise<void> {
  const mine = ++following;
  for (let ms = FIRST_LOOK_MS; current.value?.state === "running" && mine === following;) {
    const { id } = current.value;
    await new Promise((resolve) => setTimeout(resolve, ms));
    const found = await looked(askCampaign(id));
    if (found && mine === following && current.peek()?.id === id) current.value = found;
    ms = found ? Math.min(1.3 * ms, LAST_LOOK_MS) : FAILED_LOOK_MS;
  }
  if (mine === following) await Promise.all([readMissing(), readOutcomes(), list()]);
}

/** The page is shown: what was there when it was left may still run. Returns what ends the looks. */
export function enter(): () => void {
  told(list());
  if (current.value?.state === "running") told(follow());
  return () => {
    following++;
  };
}

export async function show(one: Campaign): Promise<void> {
  current.value = await askCampaign(one.id);
  voice.value = one.voice;
  focusOn(".detail");
  if (file.value && nameOfCampaign(file.value.name) !== one.name) file.value = null;
  await follow();
}

async function readMissing(): Promise<void> {
  const link = current.value?.recording_script;
  missing.value = link && current.value?.to_record ? parse(await (await linked(link)).text()) : [];
}

async function readOutcomes(): Promise<void> {
  const link = current.value?.manifest;
  outcomes.value = link ? await outcomesIn(link) : { made: [], refused: [] };
}

/** A link to a bucket, as a file of the browser's: the link itself would take the page's place. */
export async function download(link: string, name: string): Promise<void> {
  save(await (await linked(link)).blob(), name);
}

export async function record(): Promise<void> {
  const name = current.value?.name ?? "";
  await add(missing.value, name, { anew: true });
  go("record");
}
