import { otherHost, occupiedSlots } from './addresses';
import { invalidRequest, tunnelNotFound } from './envelope';
import { toMicroseconds, toNanoseconds } from './time';
import type {
	Instant,
	KeyEvent,
	JsonObject,
	KeySource,
	StoredTunnel,
	Tunnel,
	TunnelChange,
	TunnelFields,
} from './types';
import { TUNNEL_FIELDS } from './validation';

/** One tunnel before and after; no `before` makes one, no `after` removes one. */
export interface Change {
	before?: StoredTunnel;
	after?: StoredTunnel;
}

const withoutUndefined = <T extends object>(value: T): T => {
	for (const name of Object.keys(value) as (keyof T)[]) {
		if (value[name] === undefined) delete value[name];
	}
	return value;
};

/** The tunnels of one account and the rules that hold between them. */
export class AccountState {
	private readonly byId = new Map<string, StoredTunnel>();
	private readonly idByName = new Map<string, string>();
	private readonly idBySlot = new Map<number, string>();
	private readonly idByIdentity = new Map<string, string>();
	private readonly histories = new Map<string, KeyEvent[]>();

	/**
	 * @param accountNumber the short number in IKE identities; not derivable from the account's id
	 * @param extraFields defaults of the fields that only this account knows
	 * @throws Error for one that has a meaning already
	 */
	constructor(
		private readonly accountNumber: string,
		private readonly extraFields: Readonly<JsonObject> = {},
	) {
		const known = this.extraNames.find((name) => Object.hasOwn(TUNNEL_FIELDS, name));
		if (known !== undefined) throw new Error(`${known} is no extra field: every tunnel has it`);
	}

	get extraNames(): string[] {
		return Object.keys(this.extraFields);
	}

	all(): StoredTunnel[] {
		return [...this.byId.values()];
	}

	find(id: string): StoredTunnel | undefined {
		return this.byId.get(id);
	}

	findByName(name: string): StoredTunnel | undefined {
		const id = this.idByName.get(name);
		return id === undefined ? undefined : this.byId.get(id);
	}

	/** @throws Refusal 1032 */
	get(id: string): StoredTunnel {
		const tunnel = this.byId.get(id);
		if (!tunnel) throw tunnelNotFound();
		return tunnel;
	}

	history(id: string): KeyEvent[] {
		return [...(this.histories.get(id) ?? [])];
	}

	/**
	 * A tunnel as it would be after a change; nothing is stored.
	 * @param replace fields that the change lacks go back to their defaults. GUESS: the key is none of
	 * them, as it is write-only
	 */
	changed(
		before: StoredTunnel | undefined,
		change: TunnelChange,
		id: string,
		at: Instant,
		replace = false,
	): StoredTunnel {
		const { psk, health_check: healthCheck, extra, ...fields } = change;
		const old = replace ? undefined : before?.fields;
		const merged: TunnelFields = {
			// Defaults of the spec; the docs name bidirectional as Cloudflare WAN's own.
			automatic_return_routing: false,
			replay_protection: false,
			allow_null_cipher: false,
			name: '',
			cloudflare_endpoint: '',
			interface_address: '',
			// PUT with only {psk} keeps the other fields (how-to configure-tunnel-endpoints).
			// GUESS: so does every other partial body, and bgp is replaced as a whole.
			...old,
			...fields,
			health_check: {
				enabled: true,
				rate: 'mid',
				type: 'reply',
				direction: 'unidirectional',
				target: '',
				...old?.health_check,
				// GUESS: a partial health check keeps its other fields too.
				...healthCheck,
			},
			...((old?.extra ?? extra) && { extra: { ...old?.extra, ...extra } }),
		};
		return {
			id,
			fields: merged,
			createdAt: before?.createdAt ?? at,
			modifiedAt: at,
			bgpUp: before?.bgpUp ?? false,
			...(before?.bgpChangedAt !== undefined && { bgpChangedAt: before.bgpChangedAt }),
			...(before?.psk !== undefined && { psk: before.psk }),
			...(before?.pskGeneratedAt !== undefined && { pskGeneratedAt: before.pskGeneratedAt }),
			// GUESS: a key inside POST or PUT moves last_generated_on as the psk endpoints do.
			...(psk !== undefined && { psk, pskGeneratedAt: at }),
		};
	}

	/**
	 * Makes all changes or none.
	 * @param persist false checks only (validate_only)
	 * @throws Refusal when two tunnels would collide
	 */
	commit(changes: readonly Change[], persist: boolean): void {
		const placed: StoredTunnel[] = [];
		for (const { before } of changes) if (before) this.unindex(before);
		const undo = (): void => {
			for (const tunnel of placed) this.unindex(tunnel);
			for (const { before } of changes) if (before) this.index(before);
		};
		try {
			for (const { after } of changes) {
				if (!after) continue;
				this.refuseCollision(after);
				this.index(after);
				placed.push(after);
			}
		} catch (error) {
			undo();
			throw error;
		}
		if (!persist) return undo();
		for (const { before, after } of changes) {
			if (after) this.byId.set(after.id, after);
			else if (before) this.byId.delete(before.id);
		}
	}

	/** Stores a tunnel without any rule: what somebody else did elsewhere. */
	put(tunnel: StoredTunnel): void {
		const before = this.byId.get(tunnel.id);
		if (before) this.unindex(before);
		this.index(tunnel);
		this.byId.set(tunnel.id, tunnel);
	}

	remove(id: string): boolean {
		const tunnel = this.byId.get(id);
		if (!tunnel) return false;
		this.unindex(tunnel);
		return this.byId.delete(id);
	}

	/** GUESS: modified_on stays; only psk_metadata tells that a key was made. */
	setKey(id: string, psk: string, at: Instant, by: KeySource): void {
		this.byId.set(id, { ...this.get(id), psk, pskGeneratedAt: at });
		this.remember(id, psk, at, by);
	}

	remember(id: string, psk: string, at: Instant, by: KeySource): void {
		const history = this.histories.get(id);
		const event = { psk, at: toNanoseconds(at), by };
		if (history) history.push(event);
		else this.histories.set(id, [event]);
	}

	/** The ID_KEY_ID of a tunnel (reference/gre-ipsec-tunnels, "IKE ID formats"). */
	ipsecId(id: string): string {
		return `${this.accountNumber}_${id}`;
	}

	/**
	 * @param objectTarget form of health_check.target, by the x-magic-new-hc-target header
	 */
	toAnswer(tunnel: StoredTunnel, objectTarget: boolean): Tunnel {
		const { fields, id, pskGeneratedAt } = tunnel;
		const fqdn = `${id}.${this.accountNumber}.ipsec.cloudflare.com`;
		return withoutUndefined<Tunnel>({
			...this.extraOf(fields),
			id,
			name: fields.name,
			cloudflare_endpoint: fields.cloudflare_endpoint,
			interface_address: fields.interface_address,
			// GUESS: an optional field that is empty is left out, except for the description.
			...(fields.customer_endpoint && { customer_endpoint: fields.customer_endpoint }),
			...(fields.description !== undefined && { description: fields.description }),
			...(fields.interface_address6 && { interface_address6: fields.interface_address6 }),
			health_check: {
				...fields.health_check,
				// With the string form a sample of 2025 shows "" for the default, one of 2022 the customer
				// endpoint. GUESS: the newer one holds.
				target: objectTarget
					? { saved: fields.health_check.target, effective: this.effectiveTarget(fields) }
					: fields.health_check.target,
			},
			...(fields.bgp && { bgp: structuredClone(fields.bgp), bgp_status: this.bgpStatus(tunnel) }),
			...(fields.custom_remote_identities?.fqdn_id && {
				custom_remote_identities: { ...fields.custom_remote_identities },
			}),
			remote_identities: {
				hex_id: this.ipsecId(id),
				fqdn_id: fqdn,
				user_id: `ipsec@${fqdn}`,
			},
			// Left out when false (observed by Terraform's provider).
			...(fields.automatic_return_routing && { automatic_return_routing: true }),
			...(fields.replay_protection && { replay_protection: true }),
			// GUESS: this one is always there.
			allow_null_cipher: fields.allow_null_cipher,
			// {} when no key was made yet (how-to sample).
			psk_metadata:
				pskGeneratedAt === undefined ? {} : { last_generated_on: toMicroseconds(pskGeneratedAt) },
			created_on: toMicroseconds(tunnel.createdAt),
			modified_on: toMicroseconds(tunnel.modifiedAt),
		});
	}

	private extraOf({ extra }: TunnelFields): JsonObject {
		const all = structuredClone({ ...this.extraFields, ...extra });
		return Object.fromEntries(Object.entries(all).filter(([, value]) => value !== null));
	}

	/**
	 * Bidirectional: "the interface_address (not assigned to the Cloudflare side of the tunnel) is used
	 * as the target", whatever was saved (spec). Unidirectional: the customer endpoint (observed).
	 */
	// GUESS: that this is what `effective` shows for bidirectional checks, and "" without an endpoint.
	private effectiveTarget(fields: TunnelFields): string {
		if (fields.health_check.direction === 'bidirectional') {
			return otherHost(fields.interface_address);
		}
		return fields.health_check.target || (fields.customer_endpoint ?? '');
	}

	// GUESS: the values; the spec only gives their types. A session of a new tunnel is down.
	private bgpStatus({
		bgpUp,
		bgpChangedAt,
		fields,
		modifiedAt,
	}: StoredTunnel): NonNullable<Tunnel['bgp_status']> {
		const [speaker = ''] = fields.interface_address.split('/');
		return {
			state: bgpUp ? 'BGP_UP' : 'BGP_DOWN',
			tcp_established: bgpUp,
			// GUESS: steady while nothing happens, so that two reads of one tunnel are equal.
			updated_at: toMicroseconds(bgpChangedAt ?? modifiedAt),
			bgp_state: bgpUp ? 'Established' : 'Active',
			...(bgpUp && {
				cf_speaker_ip: speaker,
				cf_speaker_port: 179,
				customer_speaker_ip: otherHost(fields.interface_address),
				customer_speaker_port: 50179,
			}),
		};
	}

	private static identityKey({ fields }: StoredTunnel): string | undefined {
		const fqdnId = fields.custom_remote_identities?.fqdn_id;
		return fqdnId ? `${fqdnId.toLowerCase()} ${fields.cloudflare_endpoint}` : undefined;
	}

	private refuseCollision(tunnel: StoredTunnel): void {
		const { name, interface_address: interfaceAddress } = tunnel.fields;
		// "cannot share a name with other tunnels" (spec). GUESS: the text, and that case matters.
		if (this.idByName.has(name)) {
			throw invalidRequest(`a tunnel with the name "${name}" already exists`, '/name');
		}
		// GUESS: an inside prefix that another tunnel uses is refused; Terraform's tests avoid it.
		if (occupiedSlots(interfaceAddress).some((slot) => this.idBySlot.has(slot))) {
			throw invalidRequest(
				`interface_address ${interfaceAddress} is used by another tunnel`,
				'/interface_address',
			);
		}
		// "if another IPsec tunnel has the same value then the two tunnels cannot have the same
		// cloudflare_endpoint" (spec). GUESS: the text.
		const identity = AccountState.identityKey(tunnel);
		if (identity !== undefined && this.idByIdentity.has(identity)) {
			throw invalidRequest(
				'another tunnel has the same custom fqdn_id and cloudflare_endpoint',
				'/custom_remote_identities/fqdn_id',
			);
		}
	}

	private index(tunnel: StoredTunnel): void {
		this.idByName.set(tunnel.fields.name, tunnel.id);
		for (const slot of occupiedSlots(tunnel.fields.interface_address)) {
			this.idBySlot.set(slot, tunnel.id);
		}
		const identity = AccountState.identityKey(tunnel);
		if (identity !== undefined) this.idByIdentity.set(identity, tunnel.id);
	}

	private unindex(tunnel: StoredTunnel): void {
		const drop = <K>(map: Map<K, string>, key: K): void => {
			if (map.get(key) === tunnel.id) map.delete(key);
		};
		drop(this.idByName, tunnel.fields.name);
		for (const slot of occupiedSlots(tunnel.fields.interface_address)) drop(this.idBySlot, slot);
		const identity = AccountState.identityKey(tunnel);
		if (identity !== undefined) drop(this.idByIdentity, identity);
	}
}
