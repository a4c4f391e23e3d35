import { type SFNClient, StartSyncExecutionCommand } from "@aws-sdk/client-sfn";

/** Providers wait 15 s for an answer (Twilio, "HTTP timeout"); the rest is for the way and for this function's start. */
const PATIENCE_MS = 11_000;

/** The request of `POST /stitch`. */
export interface StitchRequest {
  message: string;
  voice?: string;
  format: string;
}

/** What became of a message: the audio's link, or the code of the refusal; a fault is an exception. */
export type Stitched = { link: string } | { code: string };

/** Runs the workflow `stitch`, by its alias, as the signed API does. */
export async function stitch(
  client: SFNClient,
  stateMachineArn: string,
  request: StitchRequest,
  name: string,
): Promise<Stitched> {
  const input = JSON.stringify({ request, accept: "" });
  const execution = await client.send(new StartSyncExecutionCommand({ stateMachineArn, name, input }), {
    abortSignal: AbortSignal.timeout(PATIENCE_MS),
  });
  if (execution.status !== "SUCCEEDED") throw new Error(`the workflow ended as ${execution.status ?? "nothing"}`);
  const answer = JSON.parse(execution.output ?? "{}") as { status: number; body: string };
  const body = JSON.parse(answer.body) as { public_url?: string; code?: string };
  return answer.status === 200 ? { link: body.public_url ?? "" } : { code: body.code ?? "refused" };
}
