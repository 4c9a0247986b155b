import { existsSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import * as path from 'node:path';
import type { Tunnel } from '../../simulator';
import { otherHost } from '../../simulator/addresses';
import { aptMissing } from '../harness/apt';
import { runCommand, temporaryFolder, waitFor } from '../../helpers/processes';
import type { Namespace } from './namespace';
import { connect, startNamespace } from './namespace';
import type { Delivery } from './stream';
import { streamDuring } from './stream';
import type { PeerOptions } from './strongswan';
import { attempt, Peer } from './strongswan';

/**
 * A real IKEv2 tunnel with a pre-shared key between two strongSwan daemons in two network namespaces:
 * the customer's router, which initiates, and a responder that stands for Cloudflare's edge. ESP is
 * done by strongSwan's user-space stack, so that no kernel module is needed.
 */

export type Side = 'customer' | 'cloudflare';

/** A tunnel of the account, as far as IKE sees it. */
export interface IkeOptions {
	/** What the router calls itself, for example the tunnel's `remote_identities.fqdn_id`. */
	identity: string;
	/** Outer address of Cloudflare's side, which is also its identity. */
	cloudflareEndpoint?: string;
	/** Outer address of the router. */
	customerEndpoint?: string;
	/** Cloudflare's address inside the tunnel, a /31 or /30; the router has the other one. */
	interfaceAddress?: string;
	/** How the router authenticates anew: false ends the old associations first. Default true. */
	makeBeforeBreak?: boolean;
}

/** Outcome of a negotiation. */
export interface Negotiation {
	up: boolean;
	/** What the router was told, and what the responder logged meanwhile. */
	log: string;
	/** The responder had a key for this identity, and it was another one. */
	wrongKey: boolean;
	/** The router had the new IKE association before it deleted the old one. */
	overlap: boolean;
}

/** What became of the datagrams, and what happened meanwhile. */
export interface Streamed<T> {
	result: T;
	toCloudflare: Delivery;
	fromCloudflare: Delivery;
}

export interface IkePair {
	/** The router's folder: strongSwan's configuration, its log, and the socket `vici` that swanctl talks to. */
	readonly routerFolder: string;
	/** Loads the only key that a side has for the tunnel; a tunnel that is up stays up. */
	setKey(side: Side, psk: string): Promise<void>;
	/** A fresh start, as a router does after a restart: whatever is up is ended first. */
	initiate(): Promise<Negotiation>;
	/**
	 * Has the router authenticate anew while the tunnel is up. Make-before-break, the old IKE and ESP
	 * associations are deleted once the new ones are there, and stay if the key is refused.
	 */
	reauthenticate(): Promise<Negotiation>;
	/** Numbers of the IKE associations that are established on a side. */
	established(side: Side): Promise<number[]>;
	/** ESP packets that came in through the associations that a side has now. */
	espPacketsIn(side: Side): Promise<number>;
	/** Numbered datagrams through the tunnel in both directions while something happens. */
	streamDuring<T>(intervalMs: number, act: () => Promise<T>): Promise<Streamed<T>>;
	stop(): Promise<void>;
}

const DEFAULTS = {
	cloudflareEndpoint: '162.159.64.41',
	customerEndpoint: '203.0.113.1',
	interfaceAddress: '10.213.0.10/31',
	makeBeforeBreak: true,
};

/** libstrongswan-extra-plugins is left out on purpose: it would upgrade systemd. */
const PACKAGES = [
	'charon-systemd',
	'strongswan-swanctl',
	'libstrongswan-standard-plugins',
	'libcharon-extra-plugins',
	'iproute2',
];

const WRONG_KEY = 'MAC mismatched';

/** What the responder logs while something happens. */
async function watched(
	responder: Peer,
	act: () => Promise<{ up: boolean; said: string }>,
): Promise<Negotiation> {
	const before = (await responder.log()).length;
	const { up, said } = await act();
	const logged = (await responder.log()).slice(before);
	return {
		up,
		log: `${said}\n${logged}`,
		wrongKey: logged.includes(WRONG_KEY),
		overlap: isMadeBeforeBroken(said),
	};
}

/** @param log what the router logged while it authenticated anew */
function isMadeBeforeBroken(log: string): boolean {
	const made = log.search(/IKE_SA cf\[\d+\] established/);
	const broken = log.search(/deleting IKE_SA cf\[\d+\]/);
	return made >= 0 && made < broken;
}

async function initiate(router: Peer, responder: Peer): Promise<Negotiation> {
	await attempt(router.swanctl('--terminate', '--ike', 'cf'));
	return await watched(responder, async () => {
		const { succeeded, said } = await attempt(
			router.swanctl('--initiate', '--child', 'net', '--timeout', '20'),
		);
		return { up: succeeded, said };
	});
}

async function reauthenticate(router: Peer, responder: Peer): Promise<Negotiation> {
	const before = await router.established();
	const start = (await router.log()).length;
	return await watched(responder, async () => {
		await router.swanctl('--rekey', '--ike', 'cf', '--reauth');
		const said = async () => (await router.log()).slice(start);
		const up = await waitFor('a new authentication', async () => {
			if ((await said()).includes('AUTHENTICATION_FAILED')) return 'refused';
			const now = await router.established();
			const renewed = now.length > 0 && now.every((id) => !before.includes(id));
			return renewed ? 'renewed' : undefined;
		});
		return { up: up === 'renewed', said: await said() };
	});
}

/** Why no tunnel can be made here; undefined if it can. Installs strongSwan if it is missing. */
export async function reasonWithoutIke(): Promise<string | undefined> {
	if (process.getuid?.() !== 0) return 'network namespaces need root';
	if (!existsSync('/dev/net/tun')) return 'there is no /dev/net/tun';
	const trial = runCommand({ name: 'unshare', command: 'unshare', args: ['--net', 'true'] });
	const { succeeded, said } = await attempt(trial);
	if (!succeeded) return `no network namespace can be made: ${said}`;
	return await aptMissing(PACKAGES);
}

/** What IKE has to know of a tunnel of the account. */
export function ikeOptionsOf(tunnel: Tunnel): IkeOptions {
	return {
		identity: tunnel.remote_identities.fqdn_id,
		cloudflareEndpoint: tunnel.cloudflare_endpoint,
		customerEndpoint: tunnel.customer_endpoint ?? DEFAULTS.customerEndpoint,
		interfaceAddress: tunnel.interface_address,
	};
}

/**
 * Starts both daemons. No key is loaded and nothing is negotiated yet.
 *
 * @throws without root, /dev/net/tun or strongSwan
 */
export async function startPair(options: IkeOptions): Promise<IkePair> {
	const settings = { ...DEFAULTS, ...options };
	const folder = temporaryFolder('ike');
	const namespaces = {
		customer: await startNamespace('customer'),
		cloudflare: await startNamespace('cloudflare'),
	};
	const sides = sidesOf(settings, folder, namespaces);
	const peers = {
		customer: new Peer(sides.customer, sides.cloudflare),
		cloudflare: new Peer(sides.cloudflare, sides.customer),
	};
	const stop = async () => {
		await Promise.all(Object.values(peers).map(async (peer) => await peer.stop()));
		await Promise.all(Object.values(namespaces).map(async (namespace) => await namespace.stop()));
		await rm(folder, { recursive: true, force: true });
	};
	try {
		await connect(
			{ namespace: namespaces.customer, address: sides.customer.outer },
			{ namespace: namespaces.cloudflare, address: sides.cloudflare.outer },
		);
		await Promise.all(
			Object.values(peers).map(async (peer) => await peer.start(settings.makeBeforeBreak)),
		);
	} catch (error) {
		await stop();
		throw error;
	}
	const end = ({ namespace, inner }: PeerOptions) => ({ namespace, address: inner });
	return {
		routerFolder: sides.customer.folder,
		setKey: async (side, psk) => await peers[side].setKey(settings.identity, psk),
		initiate: async () => await initiate(peers.customer, peers.cloudflare),
		reauthenticate: async () => await reauthenticate(peers.customer, peers.cloudflare),
		established: async (side) => await peers[side].established(),
		espPacketsIn: async (side) => await peers[side].espPacketsIn(),
		async streamDuring(interval, act) {
			const ends = [end(sides.customer), end(sides.cloudflare)] as const;
			const { result, fromFirst, fromSecond } = await streamDuring(...ends, interval, act);
			return { result, toCloudflare: fromFirst, fromCloudflare: fromSecond };
		},
		stop,
	};
}

function sidesOf(
	settings: Required<IkeOptions>,
	folder: string,
	namespaces: Record<Side, Namespace>,
): Record<Side, PeerOptions> {
	const { identity, cloudflareEndpoint, customerEndpoint, interfaceAddress } = settings;
	return {
		customer: {
			folder: path.join(folder, 'customer'),
			namespace: namespaces.customer,
			outer: customerEndpoint,
			identity,
			inner: otherHost(interfaceAddress),
			initiates: true,
		},
		cloudflare: {
			folder: path.join(folder, 'cloudflare'),
			namespace: namespaces.cloudflare,
			outer: cloudflareEndpoint,
			identity: cloudflareEndpoint,
			inner: interfaceAddress.split('/')[0]!,
			initiates: false,
		},
	};
}
