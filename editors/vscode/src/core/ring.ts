// Pieces of neighbouring files that go along with every completion. The model's server keeps what it has read as long as the
// beginning stays the same, so the pieces that have been stable longest come first, and making room is done rarely and at once.

export interface Chunk {
    readonly file: string; // as the model sees it: a path relative to the workspace
    readonly firstLine: number;
    readonly text: string;
}

export const CHUNK_LINES = 64;
const MOST_CHUNKS = 16;
const DROPPED_AT_ONCE = 4;
const MOST_CHARACTERS = 8000; // of one piece: long lines are cut off with their piece

/** Whether a file may be shown to a model at all; files that hold secrets by their name may not. */
export function mayBeShown(file: string): boolean {
    const name = file.split(/[\\/]/).pop() ?? '';
    return !/^\.(env|netrc|npmrc|pgpass)(\.|$)|^id_(rsa|dsa|ecdsa|ed25519)|\.(pem|key|p12|pfx|kdbx|keystore|jks)$/i.test(name);
}

export class Ring {
    /** Oldest change first. */
    private chunks: Chunk[] = [];

    /** Takes the lines around `line` (from 0) of a file. Nothing changes where the same text is held already. */
    add(file: string, text: string, line: number): void {
        const lines = text.split('\n');
        const first = Math.floor(Math.min(line, lines.length - 1) / CHUNK_LINES) * CHUNK_LINES;
        const piece = lines.slice(first, first + CHUNK_LINES).join('\n').slice(0, MOST_CHARACTERS);
        if (piece.trim() === '') return;
        const held = this.chunks.findIndex((chunk) => chunk.file === file && chunk.firstLine === first);
        if (held >= 0 && this.chunks[held]!.text === piece) return;
        // The same text under another name (a copy, a renamed file) teaches nothing.
        if (this.chunks.some((chunk, index) => index !== held && chunk.text === piece)) return;
        if (held >= 0) this.chunks.splice(held, 1);
        this.chunks.push({ file, firstLine: first, text: piece });
        if (this.chunks.length > MOST_CHUNKS) this.chunks = this.chunks.slice(DROPPED_AT_ONCE);
    }

    forget(file: string): void {
        this.chunks = this.chunks.filter((chunk) => chunk.file !== file);
    }

    /** What goes along with a completion in `file`, whose own text is in the prompt anyway. */
    extra(file: string): { filename: string; text: string }[] {
        return this.chunks.filter((chunk) => chunk.file !== file).map((chunk) => ({ filename: chunk.file, text: chunk.text }));
    }
}
