import { spawn } from 'node:child_process';
import { createRequire } from 'node:module';
import type { AddressInfo, Server } from 'node:net';
import * as path from 'node:path';
import { N8N_NODES } from '../helpers/engine';

/** A router's SSH server, on loopback: it knows one key, and runs commands in a shell. */
export interface Sshd {
	/** What n8n's credential type `sshPrivateKey` takes, with the host that the workflow names. */
	readonly credential: { host: string; port: number; username: string; privateKey: string };
	/** A key that it does not know. */
	readonly otherKey: string;
	/** The commands that were sent, oldest first. */
	readonly commands: readonly string[];
	close(): Promise<void>;
}

interface Channel {
	write(text: string): void;
	stderr: { write(text: string): void };
	exit(code: number): void;
	end(): void;
}

interface Authentication {
	method: string;
	key?: { algo: string; data: Buffer };
	signature?: Buffer;
	blob?: Buffer;
	hashAlgo?: string;
	accept(): void;
	reject(methods?: string[]): void;
}

interface PublicKey {
	getPublicSSH(): Buffer;
	verify(blob: Buffer, signature: Buffer, algorithm?: string): boolean;
}

/** The parts of the library ssh2 in use; it comes with n8n's own nodes, without types. */
interface Ssh2 {
	Server: new (options: { hostKeys: string[] }, onClient: (client: Emitter) => void) => Server;
	utils: {
		generateKeyPairSync(type: 'ed25519'): { private: string; public: string };
		parseKey(key: string): PublicKey;
	};
}

interface Emitter {
	on(event: string, listener: (...given: never[]) => void): Emitter;
}

const { Server: SshServer, utils } = createRequire(path.join(N8N_NODES, 'package.json'))(
	'ssh2',
) as Ssh2;

/**
 * Starts a server of the library ssh2, which speaks the real protocol: OpenSSH's can't be counted on here.
 *
 * @param env what the commands find in their environment, such as PATH
 */
export async function startSshd(env: NodeJS.ProcessEnv): Promise<Sshd> {
	const [host, user, other] = [0, 1, 2].map(() => utils.generateKeyPairSync('ed25519'));
	const known = utils.parseKey(user!.public);
	const commands: string[] = [];
	const authenticate = (given: Authentication) => {
		const { method, key, signature, blob, hashAlgo } = given;
		const isKnown = method === 'publickey' && key?.data.equals(known.getPublicSSH()) === true;
		const isSigned = signature === undefined || known.verify(blob!, signature, hashAlgo);
		if (isKnown && isSigned) given.accept();
		else given.reject(['publickey']);
	};
	const run = (command: string, channel: Channel) => {
		commands.push(command);
		const child = spawn('sh', ['-c', command], { env });
		child.stdout.on('data', (chunk: Buffer) => channel.write(chunk.toString()));
		child.stderr.on('data', (chunk: Buffer) => channel.stderr.write(chunk.toString()));
		child.on('close', (code) => {
			channel.exit(code ?? 255);
			channel.end();
		});
	};
	const server = new SshServer({ hostKeys: [host!.private] }, (client) => {
		client.on('authentication', authenticate);
		client.on('session', (accept: () => Emitter) => {
			accept().on(
				'exec',
				(take: () => Channel, _refuse: unknown, { command }: { command: string }) =>
					run(command, take()),
			);
		});
		// A client that goes away is none of the server's faults.
		client.on('error', () => {});
	});
	await new Promise<void>((resolve) => {
		server.listen(0, '127.0.0.1', resolve);
	});
	const { port } = server.address() as AddressInfo;
	return {
		credential: {
			host: '={{ $json.host }}',
			port,
			username: 'n8n',
			privateKey: user!.private,
		},
		otherKey: other!.private,
		commands,
		close: async () =>
			await new Promise((resolve) => {
				server.close(() => resolve());
			}),
	};
}
