import { mkdirSync, readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import * as path from 'node:path';

/**
 * The key-value secrets engine, version 2, as its sources describe it: versions, check-and-set, soft
 * deletion and destruction, limits on versions.
 *
 * Source: https://developer.hashicorp.com/vault/api-docs/secret/kv/kv-v2 and
 * https://github.com/hashicorp/vault-plugin-secrets-kv (path_data.go, path_metadata.go)
 */

export type Fields = Record<string, unknown>;

/** One version of a secret; null data where it was deleted or destroyed. */
export interface SecretVersion {
	data: Fields | null;
	created_time: string;
	/** RFC 3339, in the future for a version that is going to be deleted; else empty. */
	deletion_time: string;
}

interface StoredVersion extends SecretVersion {
	destroyed: boolean;
}

/** A secret with all that the engine knows of it. */
export interface Secret {
	/** By number; the oldest are gone where there were too many. */
	versions: Record<number, StoredVersion>;
	current: number;
	settings: EngineSettings;
	custom_metadata: Record<string, string> | null;
}

export interface EngineSettings {
	/** 0: as the mount says, and there ten. */
	max_versions: number;
	cas_required: boolean;
	/** Seconds; 0 never. */
	delete_version_after: number;
}

const SETTINGS: EngineSettings = { max_versions: 0, cas_required: false, delete_version_after: 0 };

const DEFAULT_VERSIONS = 10;

export class VaultError extends Error {
	readonly errors: string[];

	constructor(
		readonly status: number,
		...errors: string[]
	) {
		super(errors.join('; '));
		this.errors = errors;
	}
}

export interface EngineAnswer {
	status: number;
	data?: unknown;
	/** No envelope: the answer for what never was. */
	nothing?: true;
	/** The path is one of version 1. */
	wrongPath?: true;
}

const NOTHING: EngineAnswer = { status: 404, nothing: true };

/** Where secrets are kept: in memory, or in files that are replaced whole. */
class SecretStore {
	private readonly memory = new Map<string, Secret>();

	constructor(private readonly directory: string | undefined) {
		if (directory === undefined) return;
		mkdirSync(directory, { recursive: true });
		for (const file of readdirSync(directory).filter((name) => name.endsWith('.json'))) {
			const secret = JSON.parse(readFileSync(path.join(directory, file), 'utf8')) as Secret;
			this.memory.set(decodeURIComponent(file.slice(0, -'.json'.length)), secret);
		}
	}

	get(name: string): Secret | undefined {
		const secret = this.memory.get(name);
		return secret && structuredClone(secret);
	}

	put(name: string, secret: Secret | undefined): void {
		if (secret === undefined) this.memory.delete(name);
		else this.memory.set(name, secret);
		if (this.directory === undefined || secret === undefined) return;
		const file = path.join(this.directory, `${encodeURIComponent(name)}.json`);
		writeFileSync(`${file}.new`, JSON.stringify(secret));
		renameSync(`${file}.new`, file);
	}

	names(): string[] {
		return [...this.memory.keys()];
	}
}

export class Kv2Engine {
	readonly settings: EngineSettings = { ...SETTINGS };

	private readonly store: SecretStore;

	/** What secrets were before their last change, for reads from a replica that lags behind. */
	private readonly before = new Map<string, Secret | undefined>();

	/** How many reads are still answered by such a replica. */
	staleReads = 0;

	constructor(
		directory: string | undefined,
		private readonly now: () => number,
	) {
		this.store = new SecretStore(directory);
	}

	/** What is true, whatever a replica says. */
	secret(name: string): Secret | undefined {
		return this.store.get(name);
	}

	names(): string[] {
		return this.store.names();
	}

	exists(name: string): boolean {
		return this.store.get(name) !== undefined;
	}

	/** The versions that are still there, oldest first. */
	versions(name: string): SecretVersion[] {
		return Object.values(this.store.get(name)?.versions ?? {}).map((version) => ({
			data: this.isGone(version) ? null : version.data,
			created_time: version.created_time,
			deletion_time: version.deletion_time,
		}));
	}

	read(name: string, asked: number): EngineAnswer {
		const secret = this.seen(name);
		const number = asked > 0 ? asked : (secret?.current ?? 0);
		const version = secret?.versions[number];
		if (secret === undefined || version === undefined) return NOTHING;
		const metadata = this.metadataOf(secret, number);
		return this.isGone(version)
			? { status: 404, data: { data: null, metadata } }
			: { status: 200, data: { data: version.data, metadata } };
	}

	subkeys(name: string): EngineAnswer {
		const answer = this.read(name, 0);
		if (answer.nothing) return answer;
		const { data, metadata } = answer.data as { data: Fields | null; metadata: unknown };
		const subkeys = data && Object.fromEntries(Object.keys(data).map((key) => [key, null]));
		return { status: answer.status, data: { subkeys, metadata } };
	}

	write(name: string, body: Fields): EngineAnswer {
		const { data } = body;
		if (!isObject(data)) throw new VaultError(400, 'no data provided');
		const secret = this.store.get(name) ?? newSecret();
		this.checkCas(secret, body.options);
		return this.add(name, secret, data);
	}

	patch(name: string, body: Fields): EngineAnswer {
		const { data } = body;
		if (!isObject(data)) throw new VaultError(400, 'no data provided');
		const secret = this.store.get(name);
		if (secret === undefined) return { status: 404, data: null };
		this.checkCas(secret, body.options);
		const newest = secret.versions[secret.current];
		if (newest === undefined || this.isGone(newest)) return { status: 404, data: null };
		return this.add(name, secret, merged(newest.data ?? {}, data) as Fields);
	}

	/** Soft: the versions, or the newest one. Nothing is said of those that are not there. */
	delete(name: string, versions?: number[]): EngineAnswer {
		return this.mark(name, versions, (version) => {
			if (!this.isGone(version)) version.deletion_time = this.time();
		});
	}

	undelete(name: string, versions: number[]): EngineAnswer {
		return this.mark(name, versions, (version) => {
			version.deletion_time = '';
		});
	}

	destroy(name: string, versions: number[]): EngineAnswer {
		return this.mark(name, versions, (version) => {
			version.destroyed = true;
			version.data = null;
		});
	}

	readMetadata(name: string): EngineAnswer {
		const secret = this.seen(name);
		if (secret === undefined) return NOTHING;
		const numbers = Object.keys(secret.versions).map(Number);
		const versions = numbers.map((number) => {
			const { created_time, deletion_time, destroyed } = secret.versions[number]!;
			return [number, { created_time, deletion_time, destroyed }];
		});
		return {
			status: 200,
			data: {
				...shown(secret.settings),
				current_version: secret.current,
				oldest_version: numbers[0] ?? 0,
				custom_metadata: secret.custom_metadata,
				versions: Object.fromEntries(versions),
			},
		};
	}

	writeMetadata(name: string, body: Fields): EngineAnswer {
		const secret = this.store.get(name) ?? newSecret();
		Object.assign(secret.settings, settingsIn(body));
		if (isObject(body.custom_metadata)) {
			secret.custom_metadata = body.custom_metadata as Record<string, string>;
		}
		this.change(name, secret);
		return { status: 204 };
	}

	/** Wipes the secret with all its versions. */
	deleteMetadata(name: string): EngineAnswer {
		this.change(name, undefined);
		return { status: 204 };
	}

	list(folder: string): EngineAnswer {
		const prefix = folder === '' || folder.endsWith('/') ? folder : `${folder}/`;
		const below = this.store.names().filter((name) => name.startsWith(prefix));
		const keys = new Set(below.map((name) => name.slice(prefix.length).replace(/\/.*$/, '/')));
		return keys.size === 0 ? NOTHING : { status: 200, data: { keys: [...keys].sort() } };
	}

	readConfig(): EngineAnswer {
		return { status: 200, data: shown(this.settings) };
	}

	writeConfig(body: Fields): EngineAnswer {
		Object.assign(this.settings, settingsIn(body));
		return { status: 204 };
	}

	private add(name: string, secret: Secret, data: Fields): EngineAnswer {
		const number = ++secret.current;
		const seconds = [secret.settings, this.settings]
			.map((one) => one.delete_version_after)
			.filter((after) => after > 0);
		secret.versions[number] = {
			data,
			created_time: this.time(),
			deletion_time: seconds.length === 0 ? '' : this.time(Math.min(...seconds) * 1000),
			destroyed: false,
		};
		const most = secret.settings.max_versions || this.settings.max_versions || DEFAULT_VERSIONS;
		for (const old of Object.keys(secret.versions).map(Number)) {
			if (old <= number - most) delete secret.versions[old];
		}
		this.change(name, secret);
		return { status: 200, data: this.metadataOf(secret, number) };
	}

	private checkCas(secret: Secret, options: unknown): void {
		if (options !== undefined && !isObject(options)) {
			throw new VaultError(400, 'error converting input for field "options": \'\' expected a map');
		}
		const cas = options?.cas;
		if (cas === undefined) {
			if (!secret.settings.cas_required && !this.settings.cas_required) return;
			throw new VaultError(400, 'check-and-set parameter required for this call');
		}
		// A text that is a number is taken, too.
		if (!/^\d+$/.test(String(cas)))
			throw new VaultError(400, 'error parsing check-and-set parameter');
		if (Number(cas) !== secret.current) {
			throw new VaultError(400, 'check-and-set parameter did not match the current version');
		}
	}

	private mark(
		name: string,
		numbers: number[] | undefined,
		change: (version: StoredVersion) => void,
	): EngineAnswer {
		const secret = this.store.get(name);
		if (secret === undefined) return { status: 204 };
		for (const number of numbers ?? [secret.current]) {
			const version = secret.versions[number];
			if (version !== undefined) change(version);
		}
		this.change(name, secret);
		return { status: 204 };
	}

	private change(name: string, secret: Secret | undefined): void {
		this.before.set(name, this.store.get(name));
		this.store.put(name, secret);
	}

	private seen(name: string): Secret | undefined {
		if (this.staleReads <= 0 || !this.before.has(name)) return this.store.get(name);
		this.staleReads--;
		return this.before.get(name);
	}

	private isGone({ destroyed, deletion_time }: StoredVersion): boolean {
		return destroyed || (deletion_time !== '' && Date.parse(deletion_time) <= this.now());
	}

	private metadataOf(secret: Secret, version: number) {
		const { created_time, deletion_time, destroyed } = secret.versions[version]!;
		const { custom_metadata } = secret;
		return { created_time, custom_metadata, deletion_time, destroyed, version };
	}

	private time(laterMs = 0): string {
		return new Date(this.now() + laterMs).toISOString();
	}
}

export function isObject(value: unknown): value is Fields {
	return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function newSecret(): Secret {
	return { versions: {}, current: 0, settings: { ...SETTINGS }, custom_metadata: null };
}

/** JSON merge patch, RFC 7396. */
function merged(target: unknown, patch: unknown): unknown {
	if (!isObject(patch)) return patch;
	const result: Fields = isObject(target) ? { ...target } : {};
	for (const [name, value] of Object.entries(patch)) {
		if (value === null) delete result[name];
		else result[name] = merged(result[name], value);
	}
	return result;
}

function shown(settings: EngineSettings) {
	return { ...settings, delete_version_after: `${settings.delete_version_after}s` };
}

function settingsIn(body: Fields): Partial<EngineSettings> {
	const after = /^(\d+)s$/.exec(String(body.delete_version_after ?? ''))?.[1];
	return {
		...(typeof body.max_versions === 'number' ? { max_versions: body.max_versions } : {}),
		...(typeof body.cas_required === 'boolean' ? { cas_required: body.cas_required } : {}),
		...(after === undefined ? {} : { delete_version_after: Number(after) }),
	};
}
