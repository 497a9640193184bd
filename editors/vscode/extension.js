// Starts `warrant lsp` and lets VS Code talk to it. Everything that is known of rules and policies is known there.

const { commands, window, workspace } = require("vscode");
const { LanguageClient } = require("vscode-languageclient/node");

const DOCUMENTS = [
  { scheme: "file", language: "warrant-rules" },
  { scheme: "file", language: "warrant-policies" },
  { scheme: "file", pattern: "**/rules/cases/*.yaml" },
];
// What somebody else writes while the editor looks on: a checkout, `warrant rules check --fix`.
const WATCHED = "**/{rules.clp,policies.pl,rules/book/**,rules/cases/*.yaml}";

let client;

async function start() {
  const [command, ...args] = workspace.getConfiguration("warrant").get("command");
  const folder = workspace.workspaceFolders?.[0]?.uri.fsPath;
  client = new LanguageClient(
    "warrant",
    "Warrant",
    { command, args, options: { cwd: folder } },
    {
      documentSelector: DOCUMENTS,
      synchronize: { fileEvents: workspace.createFileSystemWatcher(WATCHED) },
    },
  );
  try {
    await client.start();
  } catch (error) {
    window.showErrorMessage(
      `\`${[command, ...args].join(" ")}\` does not start: ${error.message}. ` +
        "Install it with `pip install 'warrant-engine[editor]'`, or correct the setting `warrant.command`.",
    );
  }
}

async function stop() {
  const running = client;
  client = undefined;
  // One that never came up has nothing to stop.
  if (running?.needsStop()) await running.stop();
}

async function activate(context) {
  context.subscriptions.push(
    commands.registerCommand("warrant.restart", async () => {
      await stop();
      await start();
    }),
  );
  await start();
}

module.exports = { activate, deactivate: stop };
