import type { Node } from './parse';

/** A regular expression as steps, each of which is followed by the next one unless it says otherwise. */
export type Step =
	| { do: 'match'; matches: (character: string) => boolean }
	| { do: 'assert'; what: '^' | '$' | '\\b' | '\\B' }
	/** Goes on here or, should that fail, there. */
	| { do: 'fork'; first: number; second: number }
	| { do: 'jump'; to: number }
	/** The first group begins, ends, or is as if it had matched nothing. */
	| { do: 'open' }
	| { do: 'close' }
	| { do: 'forget' }
	| { do: 'succeed' };

export type Program = readonly Step[];

/** Steps of a program: `{2,500}` writes what it repeats that often. */
const MOST_STEPS = 1_000;

/** The program of a tree, or why it has none, as the end of a sentence. */
export function compiled(root: Node): Program | { fault: string } {
	const compiler = new Compiler();
	compiler.emit(root);
	compiler.steps.push({ do: 'succeed' });
	return compiler.fault === undefined ? compiler.steps : { fault: compiler.fault };
}

class Compiler {
	readonly steps: Step[] = [];

	fault: string | undefined;

	emit(node: Node): void {
		if (this.fault !== undefined) return;
		if (this.steps.length > MOST_STEPS) {
			this.fault = 'is too large: use smaller numbers in its braces';
			return;
		}
		switch (node.kind) {
			case 'character':
				this.steps.push({ do: 'match', matches: node.matches });
				return;
			case 'assertion':
				this.steps.push({ do: 'assert', what: node.of });
				return;
			case 'sequence':
				for (const part of node.parts) this.emit(part);
				return;
			case 'choice':
				this.choice(node.options);
				return;
			case 'group':
				if (node.isFirst) this.steps.push({ do: 'open' });
				this.emit(node.inner);
				if (node.isFirst) this.steps.push({ do: 'close' });
				return;
			case 'repetition':
				this.repetition(node);
		}
	}

	private choice([option, ...rest]: readonly Node[]): void {
		if (option === undefined) return;
		if (rest.length === 0) return this.emit(option);
		const fork = this.fork();
		this.emit(option);
		const jump = { do: 'jump' as const, to: 0 };
		this.steps.push(jump);
		fork.second = this.steps.length;
		this.choice(rest);
		jump.to = this.steps.length;
	}

	private repetition({ of, min, max, isGreedy }: Extract<Node, { kind: 'repetition' }>): void {
		if (max > 1 && mayBeEmpty(of)) {
			this.fault = 'repeats something that may be empty';
			return;
		}
		const holdsGroup = holdsFirstGroup(of);
		const once = () => {
			if (holdsGroup) this.steps.push({ do: 'forget' });
			this.emit(of);
		};
		for (let count = 0; count < min && this.fault === undefined; count++) once();
		if (max === Infinity) {
			const fork = this.fork();
			const again = this.steps.length - 1;
			once();
			this.steps.push({ do: 'jump', to: again });
			this.leave([fork], isGreedy);
			return;
		}
		const forks = [];
		for (let count = min; count < max && this.fault === undefined; count++) {
			forks.push(this.fork());
			once();
		}
		this.leave(forks, isGreedy);
	}

	/** A fork that goes on with the next step. */
	private fork(): Extract<Step, { do: 'fork' }> {
		const fork = { do: 'fork' as const, first: this.steps.length + 1, second: 0 };
		this.steps.push(fork);
		return fork;
	}

	/** Has forks that lead into what is repeated lead past it otherwise, or rather, if it is lazy. */
	private leave(forks: ReadonlyArray<Extract<Step, { do: 'fork' }>>, isGreedy: boolean): void {
		for (const fork of forks) {
			fork.second = this.steps.length;
			if (!isGreedy) [fork.first, fork.second] = [fork.second, fork.first];
		}
	}
}

function mayBeEmpty(node: Node): boolean {
	switch (node.kind) {
		case 'character':
			return false;
		case 'assertion':
			return true;
		case 'sequence':
			return node.parts.every(mayBeEmpty);
		case 'choice':
			return node.options.some(mayBeEmpty);
		case 'group':
			return mayBeEmpty(node.inner);
		case 'repetition':
			return node.min === 0 || mayBeEmpty(node.of);
	}
}

function holdsFirstGroup(node: Node): boolean {
	switch (node.kind) {
		case 'character':
		case 'assertion':
			return false;
		case 'sequence':
			return node.parts.some(holdsFirstGroup);
		case 'choice':
			return node.options.some(holdsFirstGroup);
		case 'group':
			return node.isFirst || holdsFirstGroup(node.inner);
		case 'repetition':
			return holdsFirstGroup(node.of);
	}
}
