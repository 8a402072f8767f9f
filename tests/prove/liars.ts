// Every false draft is stopped, every true one passes, and no figure in a true draft can be changed unnoticed.
import { checkText } from "../../server/src/evidence/index.ts";
import { falseDrafts } from "./liars-false.ts";
import { heldBackFalse, heldBackTrue } from "./liars-held-back.ts";
import { latestFalse, latestTrue, newestFalse, newestTrue, plainFalse } from "./liars-newest.ts";
import { type Draft, inputOf } from "./liars-story.ts";
import { trueDrafts } from "./liars-true.ts";
import type { Suite, SuiteContext, SuiteOutcome } from "./suite.ts";

const draftsMin = 60;

export const liars: Suite = {
  name: "liars",
  title: { en: "No lie gets out", zh: "谎话出不了门" },
  bar: `at least ${draftsMin} false drafts over both languages all stopped, at least ${draftsMin} true drafts all passed, every changed figure noticed`,
  run: (context) => Promise.resolve(run(context)),
};

function run(context: SuiteContext): SuiteOutcome {
  const allFalse = [...falseDrafts, ...heldBackFalse, ...newestFalse, ...latestFalse, ...plainFalse];
  const allTrue = [...trueDrafts, ...heldBackTrue, ...newestTrue, ...latestTrue];
  const failures = [
    ...allFalse.filter(passes).map((draft) => `told: ${label(draft)}`),
    ...allTrue
      .filter((draft) => !passes(draft))
      .map((draft) => `stopped, though true: ${label(draft)} ${faults(draft)}`),
  ];
  const changed = changedDrafts(allTrue, context);
  const unnoticed = changed.filter(passes);
  failures.push(...unnoticed.map((draft) => `changed figure told: ${label(draft)}`));
  if (allFalse.length < draftsMin || allTrue.length < draftsMin)
    failures.push(`fewer than ${draftsMin} drafts of a kind`);
  const cases = allFalse.length + allTrue.length + changed.length;
  context.log(`${allFalse.length} false, ${allTrue.length} true, ${changed.length} with a changed figure`);
  return {
    passed: Math.max(0, cases - failures.length),
    failed: failures.length,
    skipped: 0,
    figure: `${allFalse.filter((draft) => !passes(draft)).length}/${allFalse.length} false drafts stopped, ${allTrue.filter(passes).length}/${allTrue.length} true drafts passed, ${changed.length - unnoticed.length}/${changed.length} changed figures noticed`,
    failures,
  };
}

const passes = (draft: Draft): boolean => checkText(inputOf(draft)).passes;

const label = ({ stage, language, about, text }: Draft): string =>
  `[${stage}, ${language}${about === undefined || about === "" ? "" : `, ${about}`}] ${text}`;

const faults = (draft: Draft): string =>
  checkText(inputOf(draft))
    .sentences.flatMap(({ claims }) => claims.filter(({ verdict }) => verdict === "unsupported"))
    .map(({ text, fault }) => `(${text}: ${fault})`)
    .join(" ");

const changes = [1, 3, -2];
const fractionStep = 0.7;

/** Each figure of each true draft, moved up and down; a numbering at the head of a line is no figure. */
function changedDrafts(drafts: readonly Draft[], { isFull }: SuiteContext): Draft[] {
  return drafts.flatMap((draft) =>
    [...draft.text.matchAll(/\d+(?:\.\d+)?/g)].flatMap((match) => {
      const end = match.index + match[0].length;
      const isNumbering =
        /(?:^|\n)\s*$/.test(draft.text.slice(0, match.index)) && /^[.)]/.test(draft.text.slice(end));
      if (isNumbering) return [];
      const decimals = match[0].split(".")[1]?.length ?? 0;
      return (isFull ? changes : changes.slice(0, 1)).flatMap((change) => {
        const value = Number(match[0]) + change * (decimals > 0 ? fractionStep : 1);
        if (value <= 0) return [];
        const figure = value.toFixed(decimals).padStart(match[0].length, "0");
        return [{ ...draft, text: draft.text.slice(0, match.index) + figure + draft.text.slice(end) }];
      });
    }),
  );
}
