// Cuts a stream of bytes into lines of UTF-8, each at most so long.

import type { Readable } from 'node:stream';
import { StringDecoder } from 'node:string_decoder';

export interface LineSink {
    line(text: string): void;
    /** The stream is over, or a line was too long: `error` says which. Called once. */
    end(error?: Error): void;
}

export function readLines(stream: Readable, mostBytes: number, sink: LineSink): void {
    const decoder = new StringDecoder('utf8');
    let pieces: string[] = [];
    let size = 0;
    let over = false;
    const finish = (error?: Error) => {
        if (over) return;
        over = true;
        sink.end(error);
    };
    stream.on('data', (bytes: Buffer) => {
        if (over) return;
        let rest = decoder.write(bytes);
        for (let cut = rest.indexOf('\n'); cut >= 0 && !over; cut = rest.indexOf('\n')) {
            pieces.push(rest.slice(0, cut));
            const line = pieces.join('');
            pieces = [];
            size = 0;
            rest = rest.slice(cut + 1);
            sink.line(line.endsWith('\r') ? line.slice(0, -1) : line);
        }
        pieces.push(rest);
        size += rest.length;
        if (size > mostBytes) {
            finish(new Error(`a line is longer than ${mostBytes} characters`));
            stream.destroy();
        }
    });
    stream.on('end', () => finish());
    stream.on('error', (error) => finish(error));
    stream.on('close', () => finish());
}
