import type { ASTNode } from "@marcbachmann/cel-js";

/** Every variable that a tree names, as often as it does. */
export function variablesOf(node: ASTNode): string[] {
  return node.op === "id" ? [node.args] : childrenOf(node).flatMap(variablesOf);
}

/** What a node is made of; of those that are refused anyway, nothing. */
export function childrenOf(node: ASTNode): readonly ASTNode[] {
  if (node.op === "value" || node.op === "id" || node.op === "map") return [];
  if (node.op === "!_" || node.op === "-_") return [node.args];
  if (node.op === "." || node.op === ".?") return [node.args[0]];
  if (node.op === "call") return node.args[1];
  if (node.op === "rcall") return [node.args[1], ...node.args[2]];
  return node.args;
}
