// What can be wrong with a ThingsBoard that is read, each with what to do. None of them bears a secret.
import { DomainError } from "../../platform/errors.ts";

/** The address without a slash at its end. @throws DomainError `invalid-input` */
export function sourceUrlOf(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : null;
  if (url === null || (url.protocol !== "http:" && url.protocol !== "https:"))
    throw new DomainError(
      "invalid-input",
      {
        en: `${text} is no address. Give the one that people open ThingsBoard with, such as https://things.example.com.`,
        zh: `${text} 不是有效的地址,请填写打开 ThingsBoard 的网址,例如 https://things.example.com。`,
      },
      { field: "url" },
    );
  if (url.username !== "" || url.password !== "" || url.search !== "" || url.hash !== "")
    throw new DomainError(
      "invalid-input",
      {
        en: "The address must hold neither user nor password, nor anything behind a ? or #.",
        zh: "地址中不能包含用户名、密码,以及 ? 或 # 之后的内容。",
      },
      { field: "url" },
    );
  return `${url.origin}${url.pathname.replace(/\/+$/u, "")}`;
}

export function unreachable(url: string, cause: string): DomainError {
  return new DomainError(
    "source-unavailable",
    {
      en: `${url} does not answer (${cause}), also after several attempts. Look whether the address is right and the server runs; the same command goes on where it stopped.`,
      zh: `多次尝试后 ${url} 仍无响应(${cause})。请检查地址是否正确、服务器是否运行;再次执行同一命令会从中断处继续。`,
    },
    { url, cause },
  );
}

export function redirected(url: string, location: string | null): DomainError {
  return new DomainError(
    "invalid-input",
    {
      en: `${url} sends callers elsewhere (${location ?? "it does not say where"}). Give the final address.`,
      zh: `${url} 将请求重定向到其他地址(${location ?? "未说明"}),请填写最终地址。`,
    },
    { url },
  );
}

export function notThingsboard(url: string, path: string, status: number): DomainError {
  return new DomainError(
    "invalid-input",
    {
      en: `What answers at ${url} is not a ThingsBoard: ${path} was answered with HTTP ${status} or with something that is not its API. Look at the address.`,
      zh: `${url} 上运行的不是 ThingsBoard:${path} 返回 HTTP ${status},或内容不符合其接口。请检查地址。`,
    },
    { url, path, status },
  );
}

export function signInFailed(url: string, user: string): DomainError {
  return new DomainError(
    "credentials-wrong",
    {
      en: `${url} does not let ${user} in: the user name or the password is wrong, or the account is locked.`,
      zh: `${url} 拒绝 ${user} 登录:用户名或密码错误,或账户已被锁定。`,
    },
    { url },
  );
}

export function wrongKey(url: string): DomainError {
  return new DomainError(
    "credentials-wrong",
    {
      en: `${url} does not accept the API key: it is wrong, ran out, or this ThingsBoard is older than 4.3 and knows no keys. Then use --user and --password.`,
      zh: `${url} 不接受该 API 密钥:密钥错误、已过期,或该 ThingsBoard 早于 4.3 版本、不支持密钥。请改用 --user 和 --password。`,
    },
    { url },
  );
}

export function notPermitted(url: string, path: string): DomainError {
  return new DomainError(
    "not-allowed",
    {
      en: `This account may not read ${path} at ${url}. Use one that is a tenant administrator there.`,
      zh: `该账户无权读取 ${url} 的 ${path},请使用那里的租户管理员账户。`,
    },
    { url, path },
  );
}

export function oddAnswer(path: string, fault: string): DomainError {
  return new DomainError(
    "invalid-input",
    {
      en: `The ThingsBoard answered ${path} in a form that is not known: ${fault}.`,
      zh: `ThingsBoard 对 ${path} 的响应格式未知:${fault}。`,
    },
    { path },
  );
}
