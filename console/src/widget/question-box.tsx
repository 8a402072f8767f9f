import { type FormEvent, type KeyboardEvent, type ReactElement, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import { Button } from "../ui/button.tsx";
import { classes } from "../ui/classes.ts";
import { controlStyle } from "../ui/field.tsx";

/** The contract's limit for a question. */
const questionLengthMax = 2000;

interface QuestionBoxProps {
  readonly isBusy: boolean;
  /** Answers whether the question arrived; if not, its text is kept for another try. */
  readonly onAsk: (text: string) => Promise<boolean>;
}

export function QuestionBox({ isBusy, onAsk }: QuestionBoxProps): ReactElement {
  const { t } = useTranslation();
  const [text, setText] = useState("");
  const field = useRef<HTMLTextAreaElement>(null);
  const send = async (): Promise<void> => {
    const question = text.trim();
    if (question === "" || isBusy) return;
    setText("");
    field.current?.focus();
    if (!(await onAsk(question))) setText((later) => (later === "" ? question : later));
  };
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    void send();
  };
  const onKeyDown = (event: KeyboardEvent): void => {
    // An input method confirms its word with Enter; only an Enter of its own sends.
    if (event.key !== "Enter" || event.shiftKey || event.nativeEvent.isComposing) return;
    event.preventDefault();
    void send();
  };
  return (
    <form onSubmit={submit} className="flex items-end gap-2 border-line border-t p-3">
      <label htmlFor="question" className="sr-only">
        {t("widget.question")}
      </label>
      <textarea
        ref={field}
        id="question"
        data-testid="widget-question"
        rows={1}
        maxLength={questionLengthMax}
        value={text}
        placeholder={t("widget.question")}
        onChange={(event) => setText(event.target.value)}
        onKeyDown={onKeyDown}
        className={classes(controlStyle, "field-sizing-content max-h-32 min-h-10 resize-none py-2")}
      />
      <Button
        look="primary"
        type="submit"
        icon="send"
        className="size-10 px-0"
        aria-label={t("inbox.send")}
        disabled={isBusy || text.trim() === ""}
        data-testid="widget-send"
      />
    </form>
  );
}
