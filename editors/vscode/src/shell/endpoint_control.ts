// Finds the endpoint, starts it where it does not run, and keeps the status bar true.

import * as vscode from 'vscode';
import { type Address, parseAddress } from '../core/address';
import { Endpoint } from '../core/endpoint';
import { findProgram } from '../core/programs';
import { type EndpointState, placeOf, statusText } from '../core/router_status';
import { Service } from '../core/service';
import { dataFolder, readToken, tokenFile } from '../core/token';
import { settings, workspaceRoots } from './settings';

const READY_MS = 30_000;

export class EndpointControl {
    readonly endpoint: Endpoint;
    private readonly service: Service;
    private readonly bar: vscode.StatusBarItem;
    private current: EndpointState = { is: 'off' };
    private lastRoute = '';
    private stoppedByHand = false;
    private connecting: { readonly start: boolean; readonly up: Promise<boolean> } | undefined;

    constructor(private readonly log: vscode.LogOutputChannel) {
        this.endpoint = new Endpoint({ address: () => parseAddress(settings().url), token: () => readToken(tokenFile(dataFolder(settings().dataFolder, process.env))) });
        this.service = new Service(this.endpoint.agent);
        this.bar = vscode.window.createStatusBarItem('edgecoder.status', vscode.StatusBarAlignment.Right, 90);
        this.bar.name = 'EdgeCoder';
        this.bar.command = 'edgecoder.showStatus';
        this.show({ is: 'off' });
        this.bar.show();
    }

    get state(): EndpointState {
        return this.current;
    }

    /** Finds a running one, and starts one where the settings say so and the person has not stopped it. */
    async connectByItself(): Promise<void> {
        await this.connect(vscode.workspace.isTrusted && settings().startAutomatically);
    }

    startByHand(): Promise<boolean> {
        this.stoppedByHand = false;
        return this.connect(true);
    }

    /** Finds a running one; starts one where `start` says so. Words for a failure end in the status bar and the log. */
    async connect(start: boolean): Promise<boolean> {
        // Who asks while another asks the same, or more, gets the same answer.
        if (this.connecting && (this.connecting.start || !start)) return this.connecting.up;
        await this.connecting?.up;
        const up = this.find(start).finally(() => (this.connecting = undefined));
        this.connecting = { start, up };
        return up;
    }

    /** Asks again who answers. Throws where the endpoint does not say. */
    async refresh(): Promise<void> {
        const status = await this.endpoint.status();
        this.show({ is: 'on', status, ours: this.service.ours });
    }

    /** Looks again where an answer says that it came from somewhere else than the last one. */
    routed(route: string): void {
        if (route === this.lastRoute) return;
        this.lastRoute = route;
        if (this.current.is === 'on' && placeOf(route) !== this.current.status.place) {
            this.show({ ...this.current, status: { ...this.current.status, place: placeOf(route), why: '' } });
        }
    }

    async stop(): Promise<void> {
        this.stoppedByHand = true;
        const ended = await this.service.stop();
        if (ended) this.show({ is: 'off' });
        else void vscode.window.showInformationMessage('EdgeCoder: this window has started no endpoint, so there is none to stop.');
    }

    environment(): Record<string, string | undefined> {
        const folder = settings().dataFolder;
        return folder === '' ? { ...process.env } : { ...process.env, EDGECODER_DATA_DIR: folder };
    }

    failed(error: Error): void {
        this.log.warn(error.message);
        this.show({ is: 'failed', why: error.message });
    }

    async dispose(): Promise<void> {
        this.bar.dispose();
        await this.service.stop();
        this.endpoint.close();
    }

    private async find(start: boolean): Promise<boolean> {
        try {
            const address = parseAddress(settings().url);
            if (!(await this.service.answers(address))) {
                if (!start || this.stoppedByHand) {
                    this.show({ is: 'off' });
                    return false;
                }
                this.show({ is: 'starting' });
                await this.launch(address);
            }
            await this.refresh();
            return true;
        } catch (error) {
            this.failed(error as Error);
            return false;
        }
    }

    private async launch(address: Address): Promise<void> {
        if (!vscode.workspace.isTrusted) throw new Error('nothing is started in a folder that you do not trust');
        const roots = workspaceRoots();
        if (roots.length === 0) throw new Error('open a folder first: the endpoint serves folders that it was told of');
        const environment = this.environment();
        const program = await findProgram('edgecoderd', { folder: settings().programFolder, environment, workspaces: roots });
        await this.service.start({ program, roots, address, environment, readyMs: READY_MS });
        this.log.info(`started ${program} ide at ${address.url}`);
    }

    private show(state: EndpointState): void {
        this.current = state;
        const { text, detail, loud } = statusText(state);
        this.bar.text = text;
        this.bar.tooltip = detail;
        this.bar.backgroundColor = loud
            ? new vscode.ThemeColor('statusBarItem.warningBackground')
            : state.is === 'failed' ? new vscode.ThemeColor('statusBarItem.errorBackground') : undefined;
        this.bar.accessibilityInformation = { label: `EdgeCoder. ${detail}` };
    }
}
