import { clock } from '../http/clock';
import { field, text } from '../http/json';
import type { Transport } from '../http/transport';
import type { Exchanged, Sending } from './exchange';
import { Exchange } from './exchange';
import type { Words } from './failures';
import { failed } from './failures';
import { judgeKv2, kv2Failure, says } from './kv2Words';
import type { RunLimits, VaultFailure } from './vault';

/** Where a vault is and how it is entered; holds no secret. */
export interface Kv2Place {
	/** Without a slash at its end. */
	address: string;
	method: 'token' | 'appRole';
	/** Path of the AppRole method, below `auth/`. */
	authMount: string;
}

interface Login {
	token: string;
	/** Time of `clock.elapsed`, a tenth of its life before it ends. */
	goodUntil: number;
	/** How many requests the token is still good for; one is kept back for its revocation. */
	uses: number;
}

export interface Call extends Omit<Sending, 'url' | 'headers'> {
	/** Path below `/v1/`, encoded. */
	path: string;
}

/**
 * Requests to one vault for one run. With AppRole it logs in before the first request, once more when
 * the token has run out, and revokes its tokens at the end. Tokens are kept nowhere else; role id and
 * secret id are put into the login by the credential itself.
 */
export class Kv2Session {
	readonly #logins: Login[] = [];

	#entering: Promise<Login | VaultFailure> | undefined;

	/** False once a new token was refused like the old one: then it is the right that is missing. */
	#renewalHelps = true;

	private readonly exchange: Exchange;

	constructor(
		transport: Transport,
		private readonly place: Kv2Place,
		limits: RunLimits,
	) {
		this.exchange = new Exchange(transport, limits, judgeKv2);
	}

	/** Logs in, if that is needed. */
	async enter(): Promise<VaultFailure | undefined> {
		const login = await this.login();
		return login !== undefined && 'kind' in login ? login : undefined;
	}

	/**
	 * Sends a request. A 403 is answered with a new login, once: the refused request was not acted
	 * upon, so that it may be repeated even if it is a change.
	 */
	async send(call: Call): Promise<Exchanged | VaultFailure> {
		for (let renewed = false; ; renewed = true) {
			const login = await this.login();
			if (login !== undefined && 'kind' in login) return login;
			const exchanged = await this.request(call, login);
			const { reply } = exchanged;
			const denied = reply.kind === 'answer' && reply.status === 403;
			if (!denied || login === undefined) return exchanged;
			if (renewed) this.#renewalHelps = this.#renewalHelps && !this.isNewest(login);
			if (renewed || !this.mayRenew(login)) return exchanged;
		}
	}

	async pause(repeat: number): Promise<void> {
		await this.exchange.pause(repeat);
	}

	/** Revokes every token of this run. Batch tokens can't be revoked (400) and run out by themselves. */
	async leave(): Promise<VaultFailure | undefined> {
		await this.#entering;
		this.#entering = undefined;
		let failure: VaultFailure | undefined;
		for (const login of this.#logins.splice(0)) {
			const { reply } = await this.request(
				{
					method: 'POST',
					path: 'auth/token/revoke-self',
					repeating: 'repeatable',
					despiteStop: true,
					patienceMs: 2_000,
				},
				login,
			);
			const done = reply.kind === 'answer' && [200, 204, 400, 403].includes(reply.status);
			if (!done) failure ??= kv2Failure(reply);
		}
		return failure;
	}

	private isNewest(login: Login): boolean {
		return this.#logins.at(-1) === login;
	}

	/** Whether a new token may help where this one was refused; drops it if it is still in use. */
	private mayRenew(login: Login): boolean {
		if (!this.isNewest(login)) return true;
		if (!this.#renewalHelps && isGood(login)) return false;
		this.#entering = undefined;
		return true;
	}

	private async request({ path, ...call }: Call, login: Login | undefined): Promise<Exchanged> {
		if (login !== undefined) login.uses--;
		return await this.exchange.send({
			...call,
			url: `${this.place.address}/v1/${path}`,
			headers: login === undefined ? {} : { 'X-Vault-Token': login.token },
		});
	}

	/** The token in use; undefined where the credential itself holds one. */
	private async login(): Promise<Login | VaultFailure | undefined> {
		if (this.place.method === 'token') return undefined;
		const entering = this.#entering ?? this.enterAnew();
		const login = await entering;
		if ('kind' in login || isGood(login)) return login;
		// Whoever comes first asks for the next token, and all others wait for that one.
		if (this.#entering === entering) this.#entering = undefined;
		return await (this.#entering ?? this.enterAnew());
	}

	private enterAnew(): Promise<Login | VaultFailure> {
		const entering = this.logIn();
		this.#entering = entering;
		void entering.then((login) => {
			// An AppRole that the vault does not know is not tried again: too many wrong logins lock it.
			const mayTryAgain = 'kind' in login && login.fault !== 'denied';
			if (mayTryAgain && this.#entering === entering) this.#entering = undefined;
		});
		return entering;
	}

	private async logIn(): Promise<Login | VaultFailure> {
		const asked = clock.elapsed();
		const { reply, verdict } = await this.exchange.send({
			method: 'POST',
			url: `${this.place.address}/v1/auth/${this.place.authMount}/login`,
			// The credential puts role id and secret id in place of this.
			body: {},
			repeating: 'repeatable',
		});
		if (reply.kind !== 'answer' || verdict !== 'answered' || reply.status >= 300) {
			const wrong = reply.kind === 'answer' && says(reply, /invalid (role|secret)/);
			return wrong ? failed(WRONG_ROLE) : { ...kv2Failure(reply), reach: 'vault' };
		}
		const auth = field(reply.body, 'auth');
		const token = text(field(auth, 'client_token'));
		if (token === undefined || !/^[\x21-\x7e]+$/.test(token)) {
			return failed(NO_TOKEN);
		}
		const [seconds, uses] = [field(auth, 'lease_duration'), field(auth, 'num_uses')];
		const login: Login = {
			token,
			goodUntil: typeof seconds === 'number' && seconds > 0 ? asked + seconds * 900 : Infinity,
			uses: typeof uses === 'number' && uses > 0 ? uses - 1 : Infinity,
		};
		this.#logins.push(login);
		return login;
	}
}

const WRONG_ROLE: Words = {
	fault: 'denied',
	what: 'the vault does not know this AppRole',
	remedy:
		"Check Role ID, Secret ID and Auth Mount in the credential: a Secret ID may have run out, be used up, or not be allowed from n8n's address.",
	reach: 'vault',
};

const NO_TOKEN: Words = {
	fault: 'unreadable',
	what: "the vault's answer to the login holds no token",
	remedy:
		'The AppRole may ask for a second factor, or something else than a vault answers at the address.',
	reach: 'vault',
};

function isGood({ goodUntil, uses }: Login): boolean {
	return uses > 0 && clock.elapsed() < goodUntil;
}
