import { field, text } from '../http/json';
import type { Exchanged } from './exchange';
import type { Kv2Session } from './kv2Session';
import type { Words } from './failures';
import { failed } from './failures';
import { kv2Failure } from './kv2Words';
import { encodePath } from './names';
import type { VaultFailure } from './vault';

/** Fewer versions than this, and a mistake can't be taken back from the history. */
const FEWEST_VERSIONS = 3;

/**
 * Looks whether a mount is a key-value engine of version 2, in the way of Vault's own command line. On
 * one of version 1 the same requests would store a secret without versions and without
 * check-and-set. Where the policy or a proxy does not let this through, the first read tells.
 *
 * Source: https://github.com/hashicorp/vault/blob/main/command/kv_helpers.go
 *
 * @returns warnings about the mount's settings, as far as the policy lets them be read
 */
export async function lookAtMount(
	session: Kv2Session,
	mount: string,
): Promise<string[] | VaultFailure> {
	const looked = await session.send({
		method: 'GET',
		path: `sys/internal/ui/mounts/${encodePath(mount)}`,
		repeating: 'repeatable',
	});
	const failure = 'kind' in looked ? looked : mountFailure(looked, mount);
	if (failure !== undefined) return { ...failure, reach: 'vault' };
	return await settingsWarnings(session, `${encodePath(mount)}/config`, `the mount '${mount}'`);
}

function mountFailure({ reply }: Exchanged, mount: string): VaultFailure | undefined {
	if (reply.kind === 'none') return kv2Failure(reply);
	if (reply.status >= 400 && reply.status < 500) {
		return [412, 429, 472, 473].includes(reply.status) ? kv2Failure(reply) : undefined;
	}
	if (reply.status !== 200) return kv2Failure(reply);
	const data = field(reply.body, 'data');
	const type = text(field(data, 'type'));
	if (type === undefined) return kv2Failure(reply);
	const path = text(field(data, 'path'));
	const fits = path === undefined || path.replace(/\/$/, '') === mount;
	if (type === 'kv' && field(field(data, 'options'), 'version') === '2' && fits) return undefined;
	return failed(fits ? NOT_KV2 : TOO_DEEP);
}

const NOT_KV2: Words = {
	fault: 'notThisVault',
	what: 'what is mounted there is no key-value engine of version 2',
	remedy:
		"Set Mount in the node to one of version 2, or have the administrator run 'vault kv enable-versioning' for this one.",
};

const TOO_DEEP: Words = {
	fault: 'notThisVault',
	what: 'the mount in the node goes deeper than the mount in the vault',
	remedy: 'Put into Mount only the name under which the engine is mounted, and the rest into Path.',
};

/**
 * What the settings of a mount or of a secret would throw away; empty where the policy does not let
 * them be read.
 *
 * @param path of the settings below `/v1/`, encoded
 */
export async function settingsWarnings(
	session: Kv2Session,
	path: string,
	subject: string,
): Promise<string[]> {
	const looked = await session.send({ method: 'GET', path, repeating: 'repeatable' });
	if ('kind' in looked || looked.reply.kind === 'none' || looked.reply.status !== 200) return [];
	const data = field(looked.reply.body, 'data');
	const [most, after] = [field(data, 'max_versions'), text(field(data, 'delete_version_after'))];
	const warnings: string[] = [];
	// 0 leaves it to the mount, and there to the engine, which keeps ten.
	if (typeof most === 'number' && most > 0 && most < FEWEST_VERSIONS) {
		warnings.push(
			`The vault keeps only the newest ${most === 1 ? 'version' : `${most} versions`} of ${subject} (max_versions): set it to ${FEWEST_VERSIONS} at least.`,
		);
	}
	if (after !== undefined && after !== '0s') {
		warnings.push(
			`The vault deletes versions of ${subject} by itself after some time (delete_version_after), and the keys with them: set it to 0s.`,
		);
	}
	return warnings;
}

/** What a version's date of deletion means, if it has one: the vault will throw the keys away then. */
export function deletionWarning(metadata: unknown, name: string): string[] {
	const time = Date.parse(text(field(metadata, 'deletion_time')) ?? '');
	if (Number.isNaN(time)) return [];
	return [
		`The vault deletes the keys in '${name}' on ${new Date(time).toISOString()} (delete_version_after): set that to 0s and rotate once more.`,
	];
}
