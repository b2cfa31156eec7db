// Access tokens of Adobe's identity service (OAuth server-to-server): asked for once, used until shortly before they
// end, because a client that asks too often is throttled.

import { bytesOf, parsed, trusted } from "./reading.js";

/** A credential of the Developer Console. */
export interface AdobeCredential {
  readonly clientId: string;
  readonly clientSecret: string;
  /** Comma separated, as the credential's page shows them. */
  readonly scopes: string;
  /** Adobe's identity service, or another server that speaks its language, for tests. */
  readonly ims?: string | undefined;
}

/** A token and when it is replaced, in epoch milliseconds. */
interface Token {
  readonly text: string;
  readonly until: number;
}

/** A token is replaced this long before it ends, in seconds. */
const EARLY = 300;
const MAX_ANSWER = 64 << 10;

/** Gives tokens. Requests that come at once may each ask for one: what one of them waits for, another must not. */
export class Tokens {
  readonly #url: URL;
  #held: Token | undefined;

  constructor(
    readonly credential: AdobeCredential,
    readonly get: typeof fetch,
  ) {
    for (const [name, value] of Object.entries({ clientId: credential.clientId, clientSecret: credential.clientSecret })) {
      if (value === "") throw new TypeError(`${name} is empty: copy it from the credential's page in the Developer Console`);
    }
    this.#url = new URL("/ims/token/v3", trusted("ims", credential.ims ?? "https://ims-na1.adobelogin.com"));
  }

  /** A token that is good for some minutes more; `spent` is one that was refused. */
  async token(signal: AbortSignal, spent?: string): Promise<string> {
    const held = this.#held;
    if (held !== undefined && held.until > Date.now() && held.text !== spent) return held.text;
    const { clientId, clientSecret, scopes } = this.credential;
    // In the body, because addresses are logged on the way.
    const body = new URLSearchParams({
      grant_type: "client_credentials",
      client_id: clientId,
      client_secret: clientSecret,
      scope: scopes,
    });
    const answer = await this.get(this.#url.href, { method: "POST", body, redirect: "manual", signal });
    const text = new TextDecoder().decode(await bytesOf(answer, MAX_ANSWER, signal));
    if (answer.status !== 200) {
      throw new Error(
        `Adobe's identity service answered ${answer.status}: check clientId, clientSecret and scopes in the Developer ` +
          "Console; the credential must be OAuth Server-to-Server",
      );
    }
    const granted = parsed(text) as { access_token?: unknown; expires_in?: unknown };
    if (typeof granted.access_token !== "string" || granted.access_token === "" || typeof granted.expires_in !== "number") {
      throw new Error("Adobe's identity service answered without access_token and expires_in: try again later");
    }
    // A short life is not spent on being early.
    const lives = granted.expires_in - Math.min(EARLY, granted.expires_in / 2);
    this.#held = { text: granted.access_token, until: Date.now() + lives * 1000 };
    return granted.access_token;
  }
}
