import { mkdir, readFile, writeFile } from 'node:fs/promises';
import * as path from 'node:path';
import type { RunningProcess } from '../../helpers/processes';
import { runCommand, startProcess, waitFor } from '../../helpers/processes';
import type { Namespace } from './namespace';

/**
 * One choice of the parameters that Cloudflare takes.
 *
 * Source: https://developers.cloudflare.com/magic-wan/reference/tunnels/
 */
const IKE_PROPOSAL = 'aes256-sha256-ecp384';
const ESP_PROPOSAL = 'aes256gcm16-ecp384';

const PLUGINS =
	'random nonce openssl gcm hmac kdf kernel-libipsec kernel-netlink socket-default vici';

/** Folders that swanctl looks into. */
const SWANCTL_FOLDERS = [
	...['x509', 'x509ca', 'x509ocsp', 'x509aa', 'x509ac', 'x509crl'],
	...['pubkey', 'private', 'rsa', 'ecdsa', 'bliss', 'pkcs8', 'pkcs12'],
];

/** One end of the tunnel. */
export interface PeerOptions {
	folder: string;
	namespace: Namespace;
	outer: string;
	identity: string;
	/** Its own address inside the tunnel. */
	inner: string;
	initiates: boolean;
}

type Other = Pick<PeerOptions, 'outer' | 'identity' | 'inner'>;

function strongswanConf(folder: string, makeBeforeBreak: boolean): string {
	return `charon-systemd {
	load = ${PLUGINS}
	install_routes = no
	make_before_break = ${makeBeforeBreak ? 'yes' : 'no'}
	filelog {
		log {
			path = ${folder}/log
			flush_line = yes
			default = 1
		}
	}
	plugins {
		vici {
			socket = unix://${folder}/vici
		}
	}
}
swanctl {
	load = random openssl
}
`;
}

function connectionConf(peer: PeerOptions, other: Other): string {
	// Cloudflare wants NAT traversal, and then from the first packet on port 4500.
	const ports = peer.initiates ? 'local_port = 4500\n\t\tremote_port = 4500' : '';
	return `connections {
	cf {
		version = 2
		local_addrs = ${peer.outer}
		remote_addrs = ${other.outer}
		${ports}
		proposals = ${IKE_PROPOSAL}
		encap = yes
		mobike = no
		fragmentation = no
		local {
			auth = psk
			id = "${peer.identity}"
		}
		remote {
			auth = psk
			id = "${other.identity}"
		}
		children {
			net {
				local_ts = 0.0.0.0/0
				remote_ts = 0.0.0.0/0
				esp_proposals = ${ESP_PROPOSAL}
			}
		}
	}
}
`;
}

/**
 * The key as swanctl reads it. In base64 no character is special to swanctl. Only the tunnel's
 * identity owns it: a key that named Cloudflare's address too would fit every tunnel to that address.
 */
function secretConf(identity: string, psk: string): string {
	return `secrets {
	ike-cf {
		id-1 = "${identity}"
		secret = 0s${Buffer.from(psk).toString('base64')}
	}
}
`;
}

/** A strongSwan daemon in a network namespace, with the connection `cf` and its child `net`. */
export class Peer {
	private daemon: RunningProcess | undefined;

	constructor(
		private readonly options: PeerOptions,
		private readonly other: Other,
	) {}

	async start(makeBeforeBreak: boolean): Promise<void> {
		const { folder, namespace, inner } = this.options;
		for (const name of SWANCTL_FOLDERS) await mkdir(this.file(name), { recursive: true });
		await writeFile(this.file('strongswan.conf'), strongswanConf(folder, makeBeforeBreak));
		await writeFile(this.file('connection.conf'), connectionConf(this.options, this.other));
		this.daemon = startProcess({
			name: 'charon',
			...namespace.inside('/usr/sbin/charon-systemd'),
			env: { STRONGSWAN_CONF: this.file('strongswan.conf') },
		});
		await waitFor('strongSwan', async () => await this.takesConnection(), { child: this.daemon });
		await namespace.ip('addr', 'add', inner, 'peer', this.other.inner, 'dev', 'ipsec0');
	}

	private file(name: string): string {
		return path.join(this.options.folder, name);
	}

	private async takesConnection(): Promise<boolean> {
		const file = this.file('connection.conf');
		return (await attempt(this.swanctl('--load-conns', '--file', file))).succeeded;
	}

	/** @throws with swanctl's words when it fails */
	async swanctl(command: string, ...args: string[]): Promise<string> {
		const { folder } = this.options;
		return await runCommand({
			name: `swanctl ${command}`,
			command: 'swanctl',
			args: [command, '--uri', `unix://${folder}/vici`, ...args],
			env: { STRONGSWAN_CONF: this.file('strongswan.conf'), SWANCTL_DIR: folder },
		});
	}

	async setKey(identity: string, psk: string): Promise<void> {
		const file = this.file('secret.conf');
		await writeFile(file, secretConf(identity, psk), { mode: 0o600 });
		await this.swanctl('--load-creds', '--clear', '--noprompt', '--file', file);
	}

	async log(): Promise<string> {
		return await readFile(this.file('log'), 'utf8');
	}

	async established(): Promise<number[]> {
		const found = (await this.swanctl('--list-sas')).matchAll(/^cf: #(\d+), ESTABLISHED/gm);
		return [...found].map(([, id]) => Number(id));
	}

	async espPacketsIn(): Promise<number> {
		const found = (await this.swanctl('--list-sas')).matchAll(/^ +in .* (\d+) packets/gm);
		return [...found].reduce((sum, [, packets]) => sum + Number(packets), 0);
	}

	async stop(): Promise<void> {
		await this.daemon?.stop();
	}
}

/** What a command said, whether it succeeded or not. */
export async function attempt(act: Promise<string>): Promise<{ succeeded: boolean; said: string }> {
	try {
		return { succeeded: true, said: await act };
	} catch (error) {
		return { succeeded: false, said: (error as Error).message };
	}
}
