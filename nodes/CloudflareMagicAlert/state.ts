import type { IDataObject } from 'n8n-workflow';
import { isId } from '../api/account';
import { isAlertingId } from '../api/alertingCalls';
import { record, text } from '../http/json';
import { hashOf } from './secret';

/** Something that this trigger made at Cloudflare and has to remove again. */
export interface Made {
	kind: 'webhook' | 'policy';
	accountId: string;
	/** Absent while it is made, and for ever if Cloudflare's answer was lost. */
	id?: string;
	/** Part of its name, by which it is found without an id, and known for an own one. */
	tag: string;
}

/** Alerts by their fingerprints, with the seconds since 1970 at which they were raised. */
export type Seen = ReadonlyMap<string, number>;

/** How many own policies are known: the present one, and earlier ones for alerts that come late. */
const REMEMBERED_POLICIES = 5;

/** A secret and its hash have the same form. */
const HEX = /^[0-9a-f]{64}$/;

/** Seconds since 1970, a colon and a fingerprint. */
const SEEN = /^\d+:[\w-]+$/;

function texts(value: unknown): string[] {
	return Array.isArray(value) ? value.filter((entry) => typeof entry === 'string') : [];
}

function hexIn(value: unknown): string | undefined {
	return typeof value === 'string' && HEX.test(value) ? value : undefined;
}

function madeIn(value: unknown): Made | undefined {
	const { kind, accountId, id, tag } = record(value) ?? {};
	if ((kind !== 'webhook' && kind !== 'policy') || !isId(accountId)) return undefined;
	const shownTag = text(tag);
	if (shownTag === undefined) return undefined;
	return { kind, accountId, tag: shownTag, ...(isAlertingId(id) ? { id } : {}) };
}

function same(a: Made, b: Made): boolean {
	return a.kind === b.kind && a.accountId === b.accountId && a.id === b.id && a.tag === b.tag;
}

/**
 * What the trigger keeps in n8n's static data of its node. Values are always replaced as a whole:
 * n8n notices a change by an assignment to a field, and not by one deeper inside. Everything read is
 * checked, since it may be older than this version of the package.
 */
export class TriggerState {
	constructor(private readonly data: IDataObject) {}

	/** SHA-256 of the secret that Cloudflare sends; undefined before the destination is made. */
	get secretHash(): string | undefined {
		return hexIn(this.data.secretSha256);
	}

	/** Base URL of the n8n whose state this is; undefined if an older version of the package wrote it. */
	get home(): string | undefined {
		return text(this.data.home);
	}

	set home(url: string) {
		if (this.home !== url) this.data.home = url;
	}

	/** Oldest first. */
	get made(): Made[] {
		const list = Array.isArray(this.data.made) ? this.data.made : [];
		return list.map(madeIn).filter((entry) => entry !== undefined);
	}

	private set made(list: Made[]) {
		this.data.made = list as unknown as IDataObject[];
	}

	/** Adds something that was made, or may have been, unless it is known. */
	track(entry: Made): void {
		const known = this.made;
		if (!known.some((other) => same(other, entry))) this.made = [...known, entry];
	}

	/** Takes out something that is not there, or no longer. */
	untrack(entry: Made): void {
		this.made = this.made.filter((other) => !same(other, entry));
	}

	/** The destination and the policy in use; undefined unless both were made, in this account. */
	current(accountId: string, ownTag: string): { webhook: Made; policy: Made } | undefined {
		const newest = (kind: Made['kind']) =>
			this.made
				.filter((entry) => entry.kind === kind && entry.id !== undefined)
				.filter((entry) => entry.accountId === accountId && entry.tag === ownTag)
				.at(-1);
		const webhook = newest('webhook');
		const policy = newest('policy');
		return webhook && policy && { webhook, policy };
	}

	/** Ids of the trigger's own policies, the present one last. */
	get policies(): string[] {
		return texts(this.data.policies);
	}

	/** Keeps what makes alerts known as Cloudflare's, and as those of the policy that was made. */
	expect(secretHash: string, policyId: string): void {
		this.data.secretSha256 = secretHash;
		this.data.policies = [...this.policies, policyId].slice(-REMEMBERED_POLICIES);
	}

	/** Seconds since 1970; alerts up to then are not looked up again. */
	get since(): number | undefined {
		const since = this.data.since;
		return typeof since === 'number' && Number.isFinite(since) ? since : undefined;
	}

	set since(seconds: number) {
		this.data.since = seconds;
	}

	/** Alerts that were taken, in the order in which they came. */
	get seen(): Seen {
		const entries = texts(this.data.seen).filter((entry) => SEEN.test(entry));
		return new Map(
			entries.map((entry) => {
				const colon = entry.indexOf(':');
				return [entry.slice(colon + 1), Number(entry.slice(0, colon))];
			}),
		);
	}

	set seen(seen: Seen) {
		this.data.seen = [...seen].map(([print, seconds]) => `${seconds}:${print}`);
	}

	/** Brings what older versions of the package left into the present form. */
	migrate(): void {
		const { secret } = this.data;
		if (secret === undefined) return;
		const inClear = hexIn(secret);
		if (inClear !== undefined) this.data.secretSha256 = hashOf(inClear);
		delete this.data.secret;
	}

	/** Forgets what is gone from Cloudflare, and unless `keepAlerts` what is known of alerts too. */
	clear(keepAlerts: boolean): void {
		const alerts = ['home', 'policies', 'since', 'seen'];
		for (const name of ['secretSha256', 'made', ...(keepAlerts ? [] : alerts)]) {
			delete this.data[name];
		}
	}
}

/** The state of a trigger, in its present form, from n8n's context of any kind. */
export function openState(context: {
	getWorkflowStaticData(type: string): IDataObject;
}): TriggerState {
	const state = new TriggerState(context.getWorkflowStaticData('node'));
	state.migrate();
	return state;
}
