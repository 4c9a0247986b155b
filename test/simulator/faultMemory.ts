/** Counts what has come, and tells those who wait for so many. */
export class Milestone<T> {
	private readonly seen: T[] = [];
	private waiting: { count: number; tell: (value: T) => void }[] = [];

	get count(): number {
		return this.seen.length;
	}

	add(value: T): void {
		this.seen.push(value);
		const told = this.waiting.filter(({ count }) => count <= this.count);
		this.waiting = this.waiting.filter((one) => !told.includes(one));
		for (const { tell } of told) tell(value);
	}

	/** Settles with the one that makes them so many, at once if it has come. */
	reached(count: number): Promise<T> {
		const value = this.seen[count - 1];
		if (value !== undefined) return Promise.resolve(value);
		return new Promise((tell) => this.waiting.push({ count, tell }));
	}
}

/** What a fault keeps from one request to the next. */
export class FaultMemory<Answered> {
	private held: (() => void)[] = [];
	private previous?: Answered;
	private partner?: (answer: Answered) => Answered;

	/** Settles when it is released. */
	hold(): Promise<void> {
		return new Promise((resolve) => this.held.push(resolve));
	}

	release(): void {
		for (const letGo of this.held.splice(0)) letGo();
	}

	/** The answer given the time before; the first one is its own. */
	delayed(answer: Answered): Answered {
		const { previous = answer } = this;
		this.previous = answer;
		return previous;
	}

	/** Two that wait for each other, and get each other's answer. */
	exchanged(answer: Answered): Promise<Answered> {
		const { partner } = this;
		if (partner) {
			this.partner = undefined;
			return Promise.resolve(partner(answer));
		}
		return new Promise((resolve) => {
			this.partner = (other) => {
				resolve(other);
				return answer;
			};
		});
	}
}
