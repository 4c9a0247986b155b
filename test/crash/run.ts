import { parseArgs } from 'node:util';
import { leaksIn } from '../helpers/scanner';
import { print } from '../helpers/print';
import { runMain } from '../helpers/processes';
import type { Kill, Rotation } from './rotation';
import { startRotation } from './rotation';

/**
 * Kills a rotation with SIGKILL at every step and at random moments, and looks after each kill, with
 * the account's own knowledge of the live keys, whether the vault still holds every one of them.
 *
 * The flow that has Cloudflare make the keys gets half as many kills, for comparison.
 *
 * npm run test:crash [-- --kills 200 --tunnels 3]
 */

interface Tally {
	kills: number;
	/** Kills at each step of a run, in order, and those at random moments. */
	atSteps: number;
	/** Kills after which a live key was in nobody's hands, and what was wrong with the others. */
	losses: number;
	findings: string[];
}

/** Tunnels whose live key the vault does not hold. */
async function lostKeys({ account, vault }: Rotation): Promise<string[]> {
	const secrets = await vault.secrets();
	return (await account.tunnels())
		.filter(({ tunnel, live_key, history }) => {
			const { current, pending } = secrets.get(tunnel.id)?.at(-1)?.secret ?? {};
			// The key from before the first rotation was never in this vault's care.
			return live_key !== history[0]?.psk && live_key !== current && live_key !== pending;
		})
		.map(({ tunnel }) => tunnel.name);
}

/** Keys that a reader of `current` could have got and that were never live. */
async function neverLive({ account, vault }: Rotation): Promise<string[]> {
	const secrets = await vault.secrets();
	return (await account.tunnels())
		.filter(({ tunnel, history }) => {
			const live = new Set(history.map(({ psk }) => psk));
			return secrets
				.get(tunnel.id)
				?.some(({ secret: { current } }) => current !== undefined && !live.has(current));
		})
		.map(({ tunnel }) => `${tunnel.name}: current was never live`);
}

/** What is not as it should be after a run that was not disturbed. */
async function notConverged(rotation: Rotation): Promise<string[]> {
	const { account, vault } = rotation;
	const report = await rotation.runWhole();
	const secrets = await vault.secrets();
	const found = (await account.tunnels()).flatMap(({ tunnel, live_key }) => {
		const data = secrets.get(tunnel.id)?.at(-1)?.secret;
		const told = report.filter(({ ipsec_tunnel_id }) => ipsec_tunnel_id === tunnel.id);
		return [
			...(data?.current === live_key ? [] : [`${tunnel.name}: current is not the live key`]),
			...(data?.pending === undefined ? [] : [`${tunnel.name}: still pending`]),
			...(told.length === 1 && told[0]!.verified === true ? [] : [`${tunnel.name}: not verified`]),
		];
	});
	const leaks = leaksIn(report, await rotation.secrets());
	return leaks.length === 0 ? found : [...found, 'the report holds a key'];
}

/** Kills at every step in turn, then at random moments until there were enough kills. */
async function killAll(
	kind: 'two-stage' | 'generate',
	{ kills, tunnels }: { kills: number; tunnels: number },
): Promise<Tally> {
	const rotation = await startRotation(kind, tunnels);
	const tally: Tally = { kills: 0, atSteps: 0, losses: 0, findings: [] };
	const converges = async () => (kind === 'two-stage' ? await notConverged(rotation) : []);
	const killOnce = async (kill: Kill, then: () => Promise<string[]>): Promise<boolean> => {
		const { killedAt, leaks } = await rotation.runAndKill(kill);
		if (killedAt === undefined) return false;
		tally.kills++;
		const lost = await lostKeys(rotation);
		if (lost.length > 0) tally.losses++;
		const found = [
			...(kind === 'two-stage' ? lost.map((name) => `${name}: the live key is lost`) : []),
			...leaks.map(() => 'a secret was printed or logged'),
			...(await neverLive(rotation)),
			...(await then()),
		];
		if (found.length > 0) tally.findings.push(`killed at "${killedAt}": ${found.join('; ')}`);
		if (tally.kills % 20 === 0) print(`  ${kind}: ${tally.kills} kills`);
		return true;
	};
	try {
		const { ms } = await rotation.runAndKill();
		for (let step = 1; await killOnce({ step }, converges); step++) tally.atSteps = step;
		while (tally.kills < kills) {
			// Now and then the run that should mend things is killed as well.
			const then = Math.random() < 0.33 ? async () => [] : converges;
			await killOnce({ afterMs: Math.random() * ms }, then);
		}
		tally.findings.push(...(await converges()));
	} finally {
		await rotation.close();
	}
	return tally;
}

function row(name: string, { kills, atSteps, losses }: Tally): string {
	const counts = `${kills} kills (${atSteps} at every step, ${kills - atSteps} at random moments)`;
	const share = ((100 * losses) / kills).toFixed(0);
	return `${name.padEnd(34)} ${counts.padEnd(56)} ${losses} lost a live key (${share} %)`;
}

async function main(): Promise<number> {
	const { values } = parseArgs({
		options: {
			kills: { type: 'string', default: '200' },
			tunnels: { type: 'string', default: '3' },
		},
	});
	const size = { kills: Number(values.kills), tunnels: Number(values.tunnels) };
	if (!(size.kills > 0 && size.tunnels > 0)) throw new Error('--kills and --tunnels take numbers');
	print('Killing rotations with SIGKILL, in two flows side by side');
	const [twoStage, generate] = await Promise.all([
		killAll('two-stage', size),
		killAll('generate', { ...size, kills: Math.ceil(size.kills / 2) }),
	]);
	print();
	print(row('prepare → vault → set → promote', twoStage));
	print(row('generate → vault', generate));
	const findings = [...twoStage.findings, ...generate.findings];
	for (const finding of findings) print(`NOT AS IT SHOULD BE: ${finding}`);
	// A comparison that never loses a key would say that the oracle is blind.
	if (generate.losses === 0) print('NOT AS IT SHOULD BE: no kill of the generate flow lost a key');
	const failed = findings.length + (generate.losses === 0 ? 1 : 0);
	print();
	print(`${twoStage.kills + generate.kills + 1 - failed} passed, ${failed} failed`);
	return failed === 0 ? 0 : 1;
}

runMain(main);
