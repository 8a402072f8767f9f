import { type UseMutationResult, useMutation, useQueryClient } from "@tanstack/react-query";
import { sentenceOf } from "../api/problem-error.ts";
import { useFormat } from "../format/use-format.ts";
import { useNotify } from "./toasts.tsx";

export interface ChangeOptions<Input, Answer> {
  readonly run: (input: Input) => Promise<Answer>;
  /** Resources (first words of query keys) that the change makes old. */
  readonly refreshes: readonly string[];
  /** Said in the corner when it was done. Absent: the screen itself shows it. */
  readonly done?: string;
  /** Said in the corner, with the server's reason, when it was refused. Absent: the form shows the reason. */
  readonly failed?: string;
  readonly onDone?: (answer: Answer) => void;
}

/** A change asked of the server: what it makes old is read again, and its end is said in the corner. */
export function useChange<Input = void, Answer = unknown>(
  options: ChangeOptions<Input, Answer>,
): UseMutationResult<Answer, Error, Input> {
  const client = useQueryClient();
  const notify = useNotify();
  const format = useFormat();
  return useMutation<Answer, Error, Input>({
    mutationFn: options.run,
    onSuccess: async (answer) => {
      if (options.done !== undefined) notify("good", options.done);
      options.onDone?.(answer);
      await Promise.all(
        options.refreshes.map((resource) => client.invalidateQueries({ queryKey: [resource] })),
      );
    },
    onError: (error) => {
      if (options.failed !== undefined) notify("bad", options.failed, format.text(sentenceOf(error)));
    },
  });
}
