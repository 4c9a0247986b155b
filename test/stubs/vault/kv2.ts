import { randomUUID } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import * as path from 'node:path';

/**
 * A strict stand-in for the key-value secrets engine, version 2, of HashiCorp Vault and OpenBao, which
 * can't be had here: tokens, check-and-set, versions, soft deletion, kept in files.
 *
 * Source: https://developer.hashicorp.com/vault/api-docs/secret/kv/kv-v2
 */

export interface Vault {
	/** Address of the engine's data, `http://127.0.0.1:PORT/v1/secret/data`. */
	readonly url: string;
	readonly token: string;
	close(): Promise<void>;
	/** Settles when the server has ended. */
	readonly closed: Promise<void>;
}

export interface VaultOptions {
	/** Folder that holds the secrets, one file each. */
	directory: string;
	token: string;
	/** 0 takes a free port. */
	port?: number;
}

/** One version of a secret; null data where it was deleted. */
export interface SecretVersion {
	data: Record<string, unknown> | null;
	created_time: string;
	deletion_time: string;
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
}

const MOUNT = '/v1/secret/';

class VaultError extends Error {
	constructor(
		readonly status: number,
		...errors: string[]
	) {
		super(errors.join('; '));
		this.errors = errors;
	}

	readonly errors: string[];
}

const CAS_MISMATCH = 'check-and-set parameter did not match the current version';

/** Secrets in files, which are replaced whole. */
class SecretFiles {
	constructor(private readonly directory: string) {
		mkdirSync(directory, { recursive: true });
	}

	versions(secret: string): SecretVersion[] {
		try {
			return JSON.parse(readFileSync(this.file(secret), 'utf8')) as SecretVersion[];
		} catch (error) {
			if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
			throw error;
		}
	}

	keep(secret: string, versions: SecretVersion[]): void {
		const file = this.file(secret);
		writeFileSync(`${file}.new`, JSON.stringify(versions));
		renameSync(`${file}.new`, file);
	}

	all(): VaultState {
		const secrets = readdirSync(this.directory)
			.filter((name) => name.endsWith('.json'))
			.map((name) => decodeURIComponent(name.slice(0, -'.json'.length)));
		return Object.fromEntries(secrets.map((secret) => [secret, this.versions(secret)]));
	}

	private file(secret: string): string {
		return path.join(this.directory, `${encodeURIComponent(secret)}.json`);
	}
}

const isObject = (value: unknown): value is Record<string, unknown> =>
	typeof value === 'object' && value !== null && !Array.isArray(value);

const envelope = (data: unknown) => ({
	request_id: randomUUID(),
	lease_id: '',
	renewable: false,
	lease_duration: 0,
	data,
	wrap_info: null,
	warnings: null,
	auth: null,
	mount_type: 'kv',
});

const metadata = (version: SecretVersion, number: number) => ({
	created_time: version.created_time,
	custom_metadata: null,
	deletion_time: version.deletion_time,
	destroyed: false,
	version: number,
});

interface Answer {
	status: number;
	body?: unknown;
}

function read(files: SecretFiles, secret: string): Answer {
	const versions = files.versions(secret);
	const newest = versions.at(-1);
	if (newest === undefined) return { status: 404, body: { errors: [] } };
	const data = { data: newest.data, metadata: metadata(newest, versions.length) };
	return { status: newest.data === null ? 404 : 200, body: envelope(data) };
}

function write(files: SecretFiles, secret: string, body: unknown): Answer {
	if (!isObject(body)) throw new VaultError(400, 'failed to parse JSON input: not an object');
	const { data, options = {} } = body;
	if (!isObject(data)) throw new VaultError(400, 'no data provided');
	if (!isObject(options)) throw new VaultError(400, 'invalid options');
	const versions = files.versions(secret);
	const { cas } = options;
	if (cas !== undefined && !Number.isInteger(cas)) {
		throw new VaultError(400, 'error parsing check-and-set parameter');
	}
	if (cas !== undefined && cas !== versions.length) throw new VaultError(400, CAS_MISMATCH);
	const version = { data, created_time: new Date().toISOString(), deletion_time: '' };
	files.keep(secret, [...versions, version]);
	return { status: 200, body: envelope(metadata(version, versions.length + 1)) };
}

function remove(files: SecretFiles, secret: string): Answer {
	const versions = files.versions(secret);
	const newest = versions.pop();
	if (newest !== undefined) {
		const deleted = { ...newest, data: null, deletion_time: new Date().toISOString() };
		files.keep(secret, [...versions, deleted]);
	}
	return { status: 204 };
}

function list(files: SecretFiles, folder: string): Answer {
	const prefix = folder === '' || folder.endsWith('/') ? folder : `${folder}/`;
	const below = Object.keys(files.all()).filter((secret) => secret.startsWith(prefix));
	const keys = new Set(below.map((secret) => secret.slice(prefix.length).replace(/\/.*$/, '/')));
	return keys.size === 0
		? { status: 404, body: { errors: [] } }
		: { status: 200, body: envelope({ keys: [...keys].sort() }) };
}

interface Asked {
	method: string;
	url: URL;
	token: string | undefined;
	text: string;
}

function parsed(text: string): unknown {
	try {
		return JSON.parse(text) as unknown;
	} catch {
		throw new VaultError(400, 'failed to parse JSON input');
	}
}

function answer(files: SecretFiles, token: string, asked: Asked): Answer {
	const { method, url } = asked;
	// A wrong token and a path outside the policy look the same.
	if (asked.token !== token || !url.pathname.startsWith(MOUNT)) {
		throw new VaultError(403, 'permission denied');
	}
	const [kind = '', ...rest] = url.pathname.slice(MOUNT.length).split('/');
	const secret = rest.map(decodeURIComponent).join('/');
	const isList = method === 'LIST' || (method === 'GET' && url.searchParams.get('list') === 'true');
	if (kind === 'metadata' && isList) return list(files, secret);
	if (kind !== 'data' || secret === '') throw new VaultError(405, 'unsupported operation');
	switch (method) {
		case 'GET':
			return read(files, secret);
		case 'POST':
		case 'PUT':
			return write(files, secret, parsed(asked.text));
		case 'DELETE':
			return remove(files, secret);
		default:
			throw new VaultError(405, 'unsupported operation');
	}
}

async function bodyOf(request: IncomingMessage): Promise<string> {
	const chunks: Buffer[] = [];
	for await (const chunk of request) chunks.push(chunk as Buffer);
	return Buffer.concat(chunks).toString('utf8');
}

function send(response: ServerResponse, { status, body }: Answer): void {
	const text = body === undefined ? '' : JSON.stringify(body);
	response.writeHead(status, text === '' ? {} : { 'content-type': 'application/json' });
	response.end(text);
}

/**
 * Starts the stand-in on 127.0.0.1. Beside Vault's API it answers, for tests in other processes,
 * `GET /__vault/state` (a VaultState), `POST /__vault/faults` (a VaultFault) and `POST /__vault/close`.
 */
export async function startVault({ directory, token, port = 0 }: VaultOptions): Promise<Vault> {
	const files = new SecretFiles(directory);
	let faults: Array<Required<VaultFault>> = [];

	const faultFor = (method: string): VaultFault | undefined => {
		for (const fault of faults.filter((one) => one.method === method)) {
			if (fault.skip > 0) fault.skip--;
			else if (fault.times-- > 0) return fault;
		}
		return undefined;
	};
	const control = (asked: Asked): Answer => {
		switch (`${asked.method} ${asked.url.pathname}`) {
			case 'GET /__vault/state':
				return { status: 200, body: files.all() };
			case 'POST /__vault/faults':
				faults.push({ skip: 0, times: 1, ...(parsed(asked.text) as VaultFault) });
				return { status: 204 };
			case 'DELETE /__vault/faults':
				faults = [];
				return { status: 204 };
			case 'POST /__vault/close':
				setImmediate(() => server.close());
				return { status: 204 };
			default:
				throw new VaultError(404, 'no such control');
		}
	};
	const serve = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
		const asked: Asked = {
			method: request.method ?? 'GET',
			url: new URL(request.url ?? '/', 'http://127.0.0.1'),
			token: [request.headers['x-vault-token']].flat()[0],
			text: await bodyOf(request),
		};
		try {
			if (asked.url.pathname.startsWith('/__vault/')) return send(response, control(asked));
			const fault = faultFor(asked.method);
			if (fault?.status === 0) return void response.destroy();
			if (fault !== undefined) throw new VaultError(fault.status, 'a fault of the test');
			send(response, answer(files, token, asked));
		} catch (error) {
			if (!(error instanceof VaultError)) throw error;
			send(response, { status: error.status, body: { errors: error.errors } });
		}
	};
	const server = createServer((request, response) => {
		// A client that goes away in the middle of its request leaves nothing to answer.
		serve(request, response).catch(() => response.destroy());
	});
	await new Promise<void>((resolve, reject) => {
		server.once('error', reject);
		server.listen(port, '127.0.0.1', resolve);
	});
	const closed = new Promise<void>((resolve) => server.once('close', () => resolve()));
	return {
		url: `http://127.0.0.1:${(server.address() as AddressInfo).port}${MOUNT}data`,
		token,
		async close() {
			server.close();
			server.closeAllConnections();
			await closed;
		},
		closed,
	};
}
