// Asks the page's process, which asks aed.

export class Problem extends Error {
  constructor(text, status) {
    super(text);
    this.status = status;
  }
}

async function answered(response) {
  if (response.status === 401) location.assign("/login");
  let data = {};
  try {
    data = await response.json();
  } catch {
    // Whatever stands between has answered instead of aed.
  }
  if (!response.ok) throw new Problem(data.error ?? `aed answers ${response.status}`, response.status);
  return data;
}

async function sent(path, options) {
  try {
    return await fetch(path, { ...options, signal: AbortSignal.timeout(70_000) });
  } catch {
    throw new Problem("aed does not answer", 0);
  }
}

export const get = async (path) => answered(await sent(path));

export const post = async (path, data) =>
  answered(
    await sent(path, {
      method: "POST",
      headers: { "Content-Type": "application/json", "X-AED": "1" },
      body: JSON.stringify(data),
    }),
  );
