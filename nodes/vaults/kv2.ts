import type { INodeProperties } from 'n8n-workflow';
import { clock } from '../http/clock';
import { MAX_REPEATS } from '../http/retry';
import type { Transport } from '../http/transport';
import { kv2AddressFault, placeOf, trimAddress } from './address';
import { LONGEST_WAIT_MS } from './exchange';
import { failed, refusingVault } from './failures';
import { lookAtMount, settingsWarnings } from './kv2Mount';
import { listNames, outcomeOf, readingOf, snapshotOf } from './kv2Reading';
import { Kv2Session } from './kv2Session';
import { kv2Failure } from './kv2Words';
import { encodePath, pathFault } from './names';
import type { VaultRecord } from './record';
import { fieldsOf, sameJson } from './record';
import type {
	ReadPurpose,
	RunLimits,
	Vault,
	VaultClosed,
	VaultConflict,
	VaultFailure,
	VaultKind,
	VaultNames,
	VaultOpened,
	VaultReading,
	VaultSettings,
	VaultSnapshot,
	VaultStored,
} from './vault';

/**
 * The key-value engine, version 2, of HashiCorp Vault and OpenBao. A record is one secret; all its
 * fields are written at once with `cas`, the number of the version that was read, so that the engine
 * itself is the compare-and-set of vault.ts. The revision is that number. It comes back only where an
 * administrator wipes a secret with all its metadata and somebody makes it anew meanwhile.
 *
 * Source: https://developer.hashicorp.com/vault/api-docs/secret/kv/kv-v2
 */
class Kv2Vault implements Vault {
	constructor(
		private readonly session: Kv2Session,
		private readonly mount: string,
		private readonly limits: RunLimits,
	) {}

	async open(): Promise<VaultOpened | VaultFailure> {
		const failure = await this.session.enter();
		if (failure !== undefined) return failure;
		const looked = await lookAtMount(this.session, this.mount);
		return Array.isArray(looked) ? { kind: 'opened', warnings: looked } : looked;
	}

	async read(name: string, purpose: ReadPurpose): Promise<VaultReading | VaultFailure> {
		const reading = await this.readData(name, false);
		if (reading.kind === 'failed' || purpose === 'change') return reading;
		const path = this.path('metadata', name);
		const found = await settingsWarnings(this.session, path, `'${name}'`);
		const { snapshot } = reading;
		return { kind: 'read', snapshot: { ...snapshot, warnings: [...snapshot.warnings, ...found] } };
	}

	async write(
		{ name, revision }: VaultSnapshot,
		record: VaultRecord,
	): Promise<VaultStored | VaultConflict | VaultFailure> {
		const cas = Number(revision);
		const data = fieldsOf(record);
		const { timeoutMs, longestWaitMs = LONGEST_WAIT_MS } = this.limits;
		const until = clock.elapsed() + timeoutMs + longestWaitMs;
		// True once an attempt may have been acted upon.
		let doubtful = false;
		for (let attempt = 0; ; attempt++) {
			const sent = await this.session.send({
				method: 'POST',
				path: this.path('data', name),
				body: { options: { cas }, data },
				repeating: 'once',
			});
			if ('kind' in sent) return { ...sent, mayHaveHappened: doubtful };
			const outcome = outcomeOf(sent, cas);
			if (outcome.kind === 'version') {
				return { kind: 'stored', snapshot: snapshotOf(name, record, outcome.metadata) };
			}
			if (outcome.kind === 'refused' && !doubtful) return kv2Failure(sent.reply);
			doubtful ||= outcome.kind === 'unclear';
			const reading = await this.readData(name, true);
			if (reading.kind === 'read') {
				const at = Number(reading.snapshot.revision);
				const isOurs =
					at === cas + 1 &&
					reading.snapshot.state === 'present' &&
					sameJson(fieldsOf(reading.snapshot.record), data);
				if (isOurs) return { kind: 'stored', snapshot: reading.snapshot };
				if (at !== cas || !doubtful) return { kind: 'conflict' };
			}
			if (reading.kind === 'failed') {
				const isOthers = outcome.kind === 'mismatch' && !doubtful;
				return isOthers ? { kind: 'conflict' } : { ...reading, mayHaveHappened: true };
			}
			const over = attempt === MAX_REPEATS || clock.elapsed() > until || outcome.kind === 'refused';
			if (over) return kv2Failure(sent.reply, doubtful);
			await this.session.pause(attempt);
		}
	}

	async names(prefix: string): Promise<VaultNames | VaultFailure> {
		return await listNames(this.session, encodePath(this.mount), prefix);
	}

	async close(): Promise<VaultClosed | VaultFailure> {
		return (await this.session.leave()) ?? { kind: 'closed' };
	}

	private async readData(name: string, despiteStop: boolean): Promise<VaultReading | VaultFailure> {
		const read = await this.session.send({
			method: 'GET',
			path: this.path('data', name),
			repeating: 'repeatable',
			despiteStop,
		});
		return 'kind' in read ? read : readingOf(name, read);
	}

	private path(part: 'data' | 'metadata', name: string): string {
		return `${encodePath(this.mount)}/${part}/${encodePath(name)}`;
	}
}

const MOUNT: INodeProperties = {
	displayName: 'Mount',
	name: 'mount',
	type: 'string',
	default: 'secret',
	required: true,
	description:
		'The name under which the key-value engine, version 2, is mounted in the vault, without the path of the secret',
};

const PATH: INodeProperties = {
	displayName: 'Path',
	name: 'path',
	type: 'string',
	default: 'magic-ipsec/{tunnel_id}',
	required: true,
	description:
		"The path of a tunnel's secret below the mount. {tunnel_id}, {tunnel_name} and {account_id} stand for the tunnel's own.",
};

export const kv2: VaultKind = {
	displayName: 'HashiCorp Vault or OpenBao',
	description: 'Key-value secrets engine, version 2',
	credentialType: 'cloudflareMagicVaultApi',
	properties: [MOUNT, PATH],
	nameParameter: PATH.name,
	nameFault: pathFault,
	// A mount may be named from the root namespace, too: `a/b` in none is `b` in the namespace `a`.
	place: ({ credential: { address, namespace }, parameters: { mount } }) => {
		const namespaced = [namespace, mount].map(trimSlashes).filter((part) => part !== '');
		return [placeOf(trimAddress(address)), ...namespaced].join('/');
	},
	connect(transport: Transport, settings: VaultSettings, limits: RunLimits): Vault {
		const { address, method, authMount } = settings.credential;
		const mount = trimSlashes(settings.parameters.mount);
		const fault =
			kv2AddressFault(settings.credential) ??
			(pathFault(mount) === undefined ? undefined : `Mount can't be used. ${pathFault(mount)}`);
		if (fault !== undefined) {
			return refusingVault(
				failed({
					fault: 'settings',
					what: "the settings of the vault can't be used",
					remedy: fault,
					reach: 'vault',
				}),
			);
		}
		const session = new Kv2Session(
			transport,
			{
				address: trimAddress(address),
				method: method === 'appRole' ? 'appRole' : 'token',
				authMount: encodePath(trimSlashes(authMount)),
			},
			limits,
		);
		return new Kv2Vault(session, mount, limits);
	},
};

function trimSlashes(value: unknown): string {
	return String(value ?? '')
		.trim()
		.replace(/^\/+|\/+$/g, '');
}
