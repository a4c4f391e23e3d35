import type { Request } from "../api";
import type { Config } from "../config";

/** A request as a command for a shell: every text is quoted. */
export function curl(request: Request, { apiUrl, region }: Config): string {
  const body = JSON.stringify(request).replaceAll("'", `'\\''`);
  return `curl -sS --aws-sigv4 "aws:amz:${region}:execute-api" --user "$AWS_ACCESS_KEY_ID:$AWS_SECRET_ACCESS_KEY" \\
  \${AWS_SESSION_TOKEN:+-H "X-Amz-Security-Token: $AWS_SESSION_TOKEN"} \\
  -H "Content-Type: application/json" -d '${body}' '${apiUrl}/stitch'
`;
}

/** A request as a program in Python: boto3 signs, and urllib sends. */
export function python(request: Request, { apiUrl, region }: Config): string {
  return `import json, urllib.request
import boto3
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest

body = json.dumps(${literal(request)})
request = AWSRequest("POST", ${JSON.stringify(`${apiUrl}/stitch`)}, data=body.encode(), headers={"Content-Type": "application/json"})
SigV4Auth(boto3.Session().get_credentials(), "execute-api", ${JSON.stringify(region)}).add_auth(request)
sent = urllib.request.Request(request.url, body.encode(), dict(request.headers))
answer = json.load(urllib.request.urlopen(sent))
print(answer["public_url"])
`;
}

/** A request as a literal of Python. Texts and numbers are written as in JSON; there is nothing else in a request. */
const literal = (request: Request) => JSON.stringify(request, null, 4);
