// The view of the plan: the rows of the task model as tree items.

import * as vscode from 'vscode';
import type { Row } from '../core/task_model';

export class PlanTree implements vscode.TreeDataProvider<Row> {
    private readonly changes = new vscode.EventEmitter<void>();
    readonly onDidChangeTreeData = this.changes.event;

    constructor(private readonly rows: () => Row[]) {}

    refresh(): void {
        this.changes.fire();
    }

    getChildren(row?: Row): Row[] {
        return row ? [...row.children] : this.rows();
    }

    getTreeItem(row: Row): vscode.TreeItem {
        const open = vscode.TreeItemCollapsibleState;
        const item = new vscode.TreeItem(row.label, row.children.length === 0 ? open.None : row.id === 'steps' ? open.Collapsed : open.Expanded);
        item.id = row.id;
        item.description = row.detail;
        item.iconPath = new vscode.ThemeIcon(row.icon);
        // A question that proposes changes has other buttons than one that asks for leave.
        item.contextValue = row.kind === 'question' && row.children.length > 0 ? 'change' : row.kind;
        // A plain text: what an agent writes is never rendered as Markdown with commands in it.
        item.tooltip = row.detail === '' ? row.label : `${row.label}\n${row.detail}`;
        if (row.kind === 'file') item.command = { command: 'edgecoder.openProposal', title: 'Show the Change', arguments: [row] };
        if (row.kind === 'question' && row.children.length === 0) item.command = { command: 'edgecoder.answer', title: 'Answer', arguments: [row] };
        if (row.kind === 'text') item.command = { command: 'edgecoder.showWords', title: 'Show' };
        return item;
    }
}
