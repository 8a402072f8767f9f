import { useMutation, useQueryClient } from "@tanstack/react-query";
import type { Conversation } from "@waremind/contract";
import { type FormEvent, type KeyboardEvent, type ReactElement, useState } from "react";
import { useTranslation } from "react-i18next";
import { request } from "../../api/request.ts";
import { Button } from "../../ui/button.tsx";
import { classes } from "../../ui/classes.ts";
import { controlStyle } from "../../ui/field.tsx";
import { ProblemNotice } from "../../ui/states.tsx";

const replyLengthMax = 2000;

/** A person's answer; open only while a person has the conversation, so that two never speak at once. */
export function ReplyBox({ conversation }: { readonly conversation: Conversation }): ReactElement {
  const { t } = useTranslation();
  const client = useQueryClient();
  const [text, setText] = useState("");
  const send = useMutation({
    mutationFn: (body: { text: string }) =>
      request(`/api/conversations/${encodeURIComponent(conversation.id)}/messages`, { method: "POST", body }),
    onSuccess: () => {
      setText("");
      return Promise.all(
        ["conversation", "conversations"].map((resource) =>
          client.invalidateQueries({ queryKey: [resource] }),
        ),
      );
    },
  });
  if (conversation.state !== "with-person") {
    return (
      <p className="border-line border-t px-4 py-3 text-ink-soft">
        {t(`inbox.replyHint.${conversation.state}`)}
      </p>
    );
  }
  const submit = (): void => {
    const trimmed = text.trim();
    if (trimmed !== "" && !send.isPending) send.mutate({ text: trimmed });
  };
  const onSubmit = (event: FormEvent): void => {
    event.preventDefault();
    submit();
  };
  const onKeyDown = (event: KeyboardEvent): void => {
    if (event.key === "Enter" && (event.metaKey || event.ctrlKey)) submit();
  };
  return (
    <form onSubmit={onSubmit} className="flex flex-col gap-2 border-line border-t p-3">
      {send.isError && <ProblemNotice error={send.error} />}
      <div className="flex items-end gap-2">
        <label className="sr-only" htmlFor="reply">
          {t("inbox.reply")}
        </label>
        <textarea
          id="reply"
          data-testid="reply-text"
          rows={2}
          maxLength={replyLengthMax}
          value={text}
          placeholder={t("inbox.replyPlaceholder")}
          onChange={(event) => setText(event.target.value)}
          onKeyDown={onKeyDown}
          className={classes(controlStyle, "min-h-16 flex-1 resize-y py-1.5")}
        />
        <Button
          look="primary"
          type="submit"
          icon="send"
          isBusy={send.isPending}
          disabled={text.trim() === ""}
          data-testid="reply-send"
        >
          {t("inbox.send")}
        </Button>
      </div>
    </form>
  );
}
