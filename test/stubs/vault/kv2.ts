import { randomUUID } from 'node:crypto';
import type { FaultyServer, Reply } from '../faultyServer';
import { startFaultyServer } from '../faultyServer';
import type { Asked } from '../jsonServer';
import type { Capability, Policy } from './access';
import { Access } from './access';
import type { EngineAnswer, Fields, SecretVersion } from './engine';
import { isObject, Kv2Engine, VaultError } from './engine';

/**
 * A strict stand-in for HashiCorp Vault and OpenBao with the key-value secrets engine, version 2, which
 * can't be had here: check-and-set, versions, soft deletion, policies, AppRole, quotas, sealed and
 * standby servers. What is not in the sources named below is marked with GUESS.
 *
 * Sources: https://developer.hashicorp.com/vault/api-docs, the engine's own, and Vault's
 * vault/logical_system.go (pathInternalUIMountRead)
 */

export type { SecretVersion } from './engine';
export type { Policy, RoleOptions, TokenOptions } from './access';

export interface Vault extends FaultyServer {
	/** Address of the engine's data, `http://127.0.0.1:PORT/v1/secret/data`. */
	readonly url: string;
	/** A token that may do everything. */
	readonly token: string;
	readonly engine: Kv2Engine;
	readonly access: Access;
	/** Changes what the server is, at once. */
	readonly mode: Mode;
	/** The secrets of the mount of version 1, as they were sent. */
	readonly version1: ReadonlyMap<string, Fields>;
	state(): VaultState;
}

export interface Mode {
	sealed: boolean;
	/** Requests that a window of a second lets through; Infinity for no quota. */
	quota: number;
	/** Seconds in the quota's Retry-After; undefined where the quota's configuration sends none. */
	retryAfter?: number;
	/** The active server's address, to which this standby sends its clients. */
	redirectTo?: string;
}

export interface VaultOptions {
	/** Folder that keeps the secrets, one file each; without it they are in memory. */
	directory?: string;
	token?: string;
	/** 0 takes a free port. */
	port?: number;
	/** Where the engine is mounted, default `secret`. */
	mount?: string;
	/** Namespace that all of this is in; the root one without it. */
	namespace?: string;
	/** Milliseconds since 1970. */
	now?: () => number;
}

/** All versions of every secret by its path below the mount, oldest first. */
export type VaultState = Record<string, SecretVersion[]>;

/** Requests to be answered with an error, as a sealed or broken vault does. */
export interface VaultFault {
	method: string;
	/** 0 cuts the connection. */
	status: number;
	/** How many matching requests pass first, default 0. */
	skip?: number;
	/** How many are hit, default 1. */
	times?: number;
	/** True: what was asked is done before. */
	after?: boolean;
}

const VERSION_1 = 'kv1';

const WRONG_PATH =
	"Invalid path for a versioned K/V secrets engine. See the API docs for the appropriate API endpoints to use. If using the Vault CLI, use 'vault kv get' for this operation.";

/** First segments of the engine's paths. */
const PARTS = new Set([
	...['data', 'metadata', 'config', 'subkeys'],
	...['delete', 'undelete', 'destroy'],
]);

const envelope = (data: unknown, more: Fields = {}) => ({
	request_id: randomUUID(),
	lease_id: '',
	renewable: false,
	lease_duration: 0,
	data,
	wrap_info: null,
	warnings: null,
	auth: null,
	...more,
});

const refusal = ({ status, errors }: VaultError): Reply => ({ status, body: { errors } });

const noRoute = (path: string): never => {
	throw new VaultError(404, `no handler for route "${path}". route entry not found.`);
};

function parsed(text: string): Fields {
	let value: unknown;
	try {
		value = JSON.parse(text === '' ? '{}' : text);
	} catch {
		throw new VaultError(400, 'failed to parse JSON input: invalid character');
	}
	if (isObject(value)) return value;
	throw new VaultError(400, 'failed to parse JSON input: not an object');
}

/** What a request is about, with the path below `/v1/`, decoded. */
interface Call {
	method: string;
	path: string;
	query: URLSearchParams;
	text: string;
}

function callOf({ method, url, text }: Asked): Call {
	const path = url.pathname
		.replace(/^\/v1\//, '')
		.split('/')
		.map(decodeURIComponent)
		.join('/');
	const isList = method === 'LIST' || (method === 'GET' && url.searchParams.get('list') === 'true');
	return { method: isList ? 'LIST' : method, path, query: url.searchParams, text };
}

/** How tests name the requests. */
function operationOf(asked: Asked, mount: string): string {
	const { method, path } = callOf(asked);
	if (path.startsWith('/__vault')) return 'control';
	if (path.startsWith(`${mount}/data/`)) return method === 'GET' ? 'read' : 'write';
	if (path.startsWith(`${mount}/metadata`)) return method === 'LIST' ? 'list' : 'metadata';
	if (path.startsWith('sys/internal/ui/mounts')) return 'mount';
	if (path === `${mount}/config`) return 'config';
	return /\/(login|revoke-self|lookup-self)$/.exec(path)?.[1] ?? 'other';
}

/** Starts the stand-in on 127.0.0.1. Other processes control it: see `control`. */
export async function startVault(options: VaultOptions = {}): Promise<Vault> {
	const { mount = 'secret', now = Date.now } = options;
	const engine = new Kv2Engine(options.directory, now);
	const access = new Access(now);
	const token = access.addToken({}, options.token);
	const version1 = new Map<string, Fields>();
	const mode: Mode = { sealed: false, quota: Infinity };
	const state = (): VaultState =>
		Object.fromEntries(engine.names().map((name) => [name, engine.versions(name)]));
	let window = { second: 0, count: 0 };

	const checkQuota = (path: string): Reply | undefined => {
		const second = Math.floor(now() / 1000);
		window = { second, count: window.second === second ? window.count + 1 : 1 };
		if (window.count <= mode.quota) return undefined;
		const { retryAfter } = mode;
		return {
			...refusal(new VaultError(429, `request path "${path}": rate limit quota exceeded`)),
			headers: retryAfter === undefined ? {} : { 'retry-after': String(retryAfter) },
		};
	};

	const capabilityFor = ({ method, path }: Call, exists: boolean): Capability => {
		if (method === 'LIST') return 'list';
		if (method === 'GET') return 'read';
		if (method === 'PATCH') return 'patch';
		if (method === 'DELETE') return 'delete';
		return exists || !path.startsWith(`${mount}/`) ? 'update' : 'create';
	};

	const act = (asked: Asked): Reply => {
		if (asked.url.pathname.startsWith('/__vault/')) return control(asked);
		const call = callOf(asked);
		if (call.path === 'sys/health') return health();
		if (mode.sealed) throw new VaultError(503, 'Vault is sealed');
		if (mode.redirectTo !== undefined) {
			return {
				status: 307,
				headers: { location: new URL(asked.url.pathname, mode.redirectTo).href },
			};
		}
		const throttled = checkQuota(call.path);
		if (throttled !== undefined) return throttled;
		checkNamespace(asked);
		const login = /^auth\/(.+)\/login$/.exec(call.path);
		if (login !== null && call.method !== 'GET') {
			const auth = access.login(login[1]!, parsed(call.text));
			if (auth === undefined) return noRoute(call.path);
			return { status: 200, body: envelope(null, { auth }) };
		}
		const header = asked.headers['x-vault-token'] ?? bearerOf(asked);
		const entered = access.enter([header].flat()[0]);
		if (call.path.startsWith('sys/internal/ui/mounts/')) {
			return mountOf(call.path.slice('sys/internal/ui/mounts/'.length), (place) =>
				access.seesMount(entered, place),
			);
		}
		const exists = isAbout(call.path) && engine.exists(nameIn(call.path));
		access.check(entered, call.path, capabilityFor(call, exists));
		switch (call.path) {
			case 'auth/token/lookup-self':
				return { status: 200, body: envelope(access.describe(entered)) };
			case 'auth/token/revoke-self':
				access.revoke(entered.id);
				return { status: 204 };
		}
		if (call.path.startsWith(`${VERSION_1}/`)) return onVersion1(call);
		if (!call.path.startsWith(`${mount}/`)) return noRoute(call.path);
		return shown(onEngine(call));
	};

	const isAbout = (path: string) => new RegExp(`^${mount}/(data|metadata)/`).test(path);
	const nameIn = (path: string) =>
		path
			.split('/')
			.slice(mount.split('/').length + 1)
			.join('/');

	const shown = ({ status, data, nothing, wrongPath }: EngineAnswer): Reply => {
		if (nothing) return { status, body: { errors: [] } };
		if (wrongPath) return { status, body: envelope(null, { warnings: [WRONG_PATH] }) };
		if (status === 204) return { status };
		return { status, body: envelope(data, { mount_type: 'kv' }) };
	};

	const onEngine = (call: Call): EngineAnswer => {
		const [part = ''] = call.path.slice(mount.length + 1).split('/');
		const name = nameIn(call.path);
		const body = () => parsed(call.text);
		const versions = () => {
			const { versions: numbers } = body();
			if (Array.isArray(numbers) && numbers.length > 0) return numbers.map(Number);
			throw new VaultError(400, 'no version number provided');
		};
		const method = call.method === 'PUT' ? 'POST' : call.method;
		switch (`${method} ${part}`) {
			case 'GET config':
				return engine.readConfig();
			case 'POST config':
				return engine.writeConfig(body());
			case 'LIST metadata':
				return engine.list(name);
		}
		if (!PARTS.has(part)) return { status: 404, wrongPath: true };
		if (name === '' || name.endsWith('/')) throw new VaultError(405, 'unsupported operation');
		switch (`${method} ${part}`) {
			case 'GET data':
				return engine.read(name, Number(call.query.get('version') ?? 0));
			case 'POST data':
				return engine.write(name, body());
			case 'PATCH data':
				return engine.patch(name, body());
			case 'DELETE data':
				return engine.delete(name);
			case 'GET subkeys':
				return engine.subkeys(name);
			case 'POST delete':
				return engine.delete(name, versions());
			case 'POST undelete':
				return engine.undelete(name, versions());
			case 'POST destroy':
				return engine.destroy(name, versions());
			case 'GET metadata':
				return engine.readMetadata(name);
			case 'POST metadata':
				return engine.writeMetadata(name, body());
			case 'DELETE metadata':
				return engine.deleteMetadata(name);
		}
		throw new VaultError(405, 'unsupported operation');
	};

	/** An engine of version 1 stores whatever it gets, without versions. */
	const onVersion1 = ({ method, path, text }: Call): Reply => {
		switch (method) {
			case 'GET': {
				const data = version1.get(path);
				return data === undefined
					? { status: 404, body: { errors: [] } }
					: { status: 200, body: envelope(data, { lease_duration: 2764800 }) };
			}
			case 'POST':
			case 'PUT':
				version1.set(path, parsed(text));
				return { status: 204 };
			default:
				throw new VaultError(405, 'unsupported operation');
		}
	};

	const mountOf = (asked: string, sees: (place: string) => boolean): Reply => {
		const mounts = [
			{ path: `${mount}/`, type: 'kv', options: { version: '2' } },
			{ path: `${VERSION_1}/`, type: 'kv', options: { version: '1' } },
			{ path: 'transit/', type: 'transit', options: null },
		];
		const found = mounts.find(({ path }) => `${asked}/`.startsWith(path));
		if (found !== undefined && sees(found.path)) return { status: 200, body: envelope(found) };
		throw new VaultError(
			403,
			`preflight capability check returned 403, please ensure client's policies grant access to path "${asked}/"`,
		);
	};

	const checkNamespace = ({ headers }: Asked): void => {
		const asked = String(headers['x-vault-namespace'] ?? '').replace(/^\/+|\/+$/g, '');
		if (asked === (options.namespace ?? '')) return;
		// GUESS: a token is only known in its own namespace and below.
		throw new VaultError(403, '1 error occurred:\n\t* permission denied\n\n');
	};

	const health = (): Reply => {
		if (mode.sealed) return { status: 503, body: { initialized: true, sealed: true } };
		const standby = mode.redirectTo !== undefined;
		return { status: standby ? 429 : 200, body: { initialized: true, sealed: false, standby } };
	};

	/** `GET /__vault/state` (a VaultState), `POST` and `DELETE /__vault/faults`, `POST /__vault/close`. */
	const control = (asked: Asked): Reply => {
		switch (`${asked.method} ${asked.url.pathname}`) {
			case 'GET /__vault/state':
				return { status: 200, body: state() };
			case 'POST /__vault/faults':
				addSimpleFault(JSON.parse(asked.text) as VaultFault);
				return { status: 204 };
			case 'DELETE /__vault/faults':
				server.clearFaults();
				return { status: 204 };
			case 'POST /__vault/close':
				setImmediate(() => void server.close());
				return { status: 204 };
			default:
				throw new VaultError(404, 'no such control');
		}
	};
	const addSimpleFault = ({ method, status, skip, times, after = false }: VaultFault) => {
		server.addFault({
			matching: (asked) => asked.method === method && !asked.url.pathname.startsWith('/__vault'),
			skip,
			times,
			when: after ? 'after' : 'before',
			...(status === 0
				? { cut: 'silent' }
				: { answer: refusal(new VaultError(status, 'a fault of the test')) }),
		});
	};
	const server = await startFaultyServer({
		port: options.port,
		operationOf: (asked) => operationOf(asked, mount),
		act(asked) {
			try {
				return act(asked);
			} catch (error) {
				if (error instanceof VaultError) return refusal(error);
				throw error;
			}
		},
	});
	return {
		...server,
		url: `${server.origin}/v1/${mount}/data`,
		token,
		engine,
		access,
		mode,
		version1,
		state,
	};
}

function bearerOf({ headers }: Asked): string | undefined {
	return /^Bearer (.+)$/.exec(headers.authorization ?? '')?.[1];
}

/** The policy that docs/vaults.md gives the writer. */
export const writerPolicy = (mount: string, folder: string): Policy => ({
	[`${mount}/data/${folder}/*`]: ['create', 'read', 'update'],
	[`${mount}/metadata/${folder}/*`]: ['list', 'read'],
});
