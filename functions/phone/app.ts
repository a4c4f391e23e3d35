import { Logger } from "@aws-lambda-powertools/logger";
import { SFNClient } from "@aws-sdk/client-sfn";
import { SSMClient } from "@aws-sdk/client-ssm";
import type { APIGatewayProxyEvent, APIGatewayProxyResult } from "aws-lambda";

import { Parameters } from "./parameters";
import type { Provider } from "./provider";
import { answered, type Surroundings } from "./webhook";
import { stitch } from "./workflow";

const { CALL_PROVIDERS = "", CALLS_URL = "", PARAMETERS = "", STITCH = "" } = process.env;
const configured = CALL_PROVIDERS.split(",").filter((name) => /^[a-z]+$/.test(name));
const logger = new Logger();
const parameters = new Parameters(new SSMClient(), PARAMETERS);
// StartSyncExecution is at another host name, which an address of one's own has not.
const workflows = new SFNClient({ disableHostPrefix: process.env.AWS_ENDPOINT_URL !== undefined });

const surroundings: Surroundings = {
  base: CALLS_URL,
  parameter: (name) => parameters.read(name),
  stitch: (request, id) => stitch(workflows, STITCH, request, id),
  log(outcome, { id, ...details }) {
    logger.info(outcome, { correlation_id: id, ...details });
  },
  async provider(name) {
    if (!configured.includes(name)) return undefined;
    const adapter = (await import(`./providers/${name}.ts`)) as { provider: Provider };
    return adapter.provider;
  },
};

export const handler = (event: APIGatewayProxyEvent): Promise<APIGatewayProxyResult> => answered(event, surroundings);
