import { DomainError } from "../platform/errors.ts";

/** Questions of one conversation that may wait while one is answered; a person types slower than this. */
const waitingMax = 3;

/** Answers the questions of one conversation one after another, so that a yes meets the offer it answers. */
export function createTurnQueue(): <Result>(
  conversationId: string,
  work: () => Promise<Result>,
) => Promise<Result> {
  const tails = new Map<string, { tail: Promise<unknown>; count: number }>();
  return async (conversationId, work) => {
    const entry = tails.get(conversationId) ?? { tail: Promise.resolve(), count: 0 };
    if (entry.count > waitingMax) throw tooFast();
    entry.count += 1;
    const result = entry.tail.then(work, work);
    entry.tail = result.catch(() => undefined);
    tails.set(conversationId, entry);
    try {
      return await result;
    } finally {
      entry.count -= 1;
      if (entry.count === 0) tails.delete(conversationId);
    }
  };
}

function tooFast(): DomainError {
  return new DomainError(
    "rate-limited",
    {
      en: "Your last questions are still being answered; please wait a moment.",
      zh: "上几个问题还在处理中，请稍等片刻再发送。",
    },
    { waitingMax },
  );
}
