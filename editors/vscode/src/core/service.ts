// The endpoint's process: found when it runs already, started when it does not, and ended only when we started it.

import type { Agent } from 'node:http';
import type { Address } from './address';
import { parseAddress } from './address';
import { Child } from './child';
import { ask } from './http';
import { readLines } from './lines';
import type { Environment } from './token';

export class ServiceError extends Error {}

export interface ServicePlan {
    readonly program: string; // edgecoderd, absolute
    readonly roots: readonly string[];
    readonly address: Address;
    readonly environment: Environment;
    readonly readyMs: number;
}

export class Service {
    private child: Child | undefined;
    private starting: Promise<Address> | undefined;

    constructor(private readonly agent: Agent) {}

    /** Whether something that calls itself ready listens there. It is told nothing: no token, no path. */
    async answers(address: Address): Promise<boolean> {
        return ask(this.agent, address, { path: '/readyz', deadlineMs: 2000 }).then(
            (answer) => answer.status === 200,
            () => false,
        );
    }

    /** True while a process of ours runs. */
    get ours(): boolean {
        return this.child?.running ?? false;
    }

    /** Once however often it is called: whoever asks while it starts waits for the same start. */
    start(plan: ServicePlan): Promise<Address> {
        this.starting ??= this.launch(plan).finally(() => (this.starting = undefined));
        return this.starting;
    }

    /** Ends what start() began; leaves alone what was there before. Says whether there was something to end. */
    async stop(): Promise<boolean> {
        const child = this.child;
        this.child = undefined;
        if (!child?.running) return false;
        await child.stop();
        return true;
    }

    private async launch(plan: ServicePlan): Promise<Address> {
        await this.stop();
        const child = new Child(
            {
                program: plan.program,
                args: ['ide', '--listen', plan.address.url.slice('http://'.length), ...plan.roots.flatMap((root) => ['--root', root])],
                cwd: plan.roots[0] ?? process.cwd(), environment: { ...plan.environment },
            },
            false,
        );
        this.child = child;
        let timer: NodeJS.Timeout | undefined;
        try {
            return await new Promise<Address>((resolve, reject) => {
                timer = setTimeout(() => reject(new ServiceError(`edgecoderd ide was not ready within ${plan.readyMs / 1000} s`)), plan.readyMs);
                void child.ended.then(() => reject(new ServiceError(`edgecoderd ide ${child.lastWords}`)));
                readLines(child.output!, 65536, {
                    line: (text) => {
                        const ready = /^ready ide (\S+)$/.exec(text);
                        if (ready?.[1]) resolve(Promise.resolve(ready[1]).then(parseAddress));
                    },
                    end: (error) => error && reject(new ServiceError(error.message)),
                });
            });
        } catch (error) {
            await this.stop();
            throw error;
        } finally {
            clearTimeout(timer);
        }
    }
}
