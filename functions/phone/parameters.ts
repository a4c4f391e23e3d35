import { GetParameterCommand, ParameterNotFound, type SSMClient } from "@aws-sdk/client-ssm";

/** How long a value is used without another look, in ms: so long a changed secret or template takes to count. */
export const FRESH_MS = 60_000;

/** Parameters of Systems Manager under a path, decrypted, and remembered for a minute. */
export class Parameters {
  private readonly known = new Map<string, { value: string | undefined; until: number }>();

  constructor(
    private readonly client: SSMClient,
    private readonly path: string,
    private readonly now: () => number = Date.now,
  ) {}

  /** A parameter's value; undefined if there is none of this name. */
  async read(name: string): Promise<string | undefined> {
    const known = this.known.get(name);
    if (known !== undefined && this.now() < known.until) return known.value;
    const value = await this.ask(name);
    this.known.set(name, { value, until: this.now() + FRESH_MS });
    return value;
  }

  private async ask(name: string): Promise<string | undefined> {
    try {
      const answer = await this.client.send(new GetParameterCommand({ Name: this.path + name, WithDecryption: true }));
      return answer.Parameter?.Value;
    } catch (error) {
      if (error instanceof ParameterNotFound) return undefined;
      throw error;
    }
  }
}
