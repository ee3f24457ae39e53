// Sends the password, and goes on to the page.
const form = document.getElementById("login");
const problem = document.getElementById("problem");

form.addEventListener("submit", async (submitted) => {
  submitted.preventDefault();
  problem.textContent = "";
  const button = form.querySelector("button");
  button.disabled = true;
  try {
    const response = await fetch("/api/login", {
      method: "POST",
      headers: { "Content-Type": "application/json", "X-AED": "1" },
      body: JSON.stringify({ password: document.getElementById("password").value }),
    });
    if (response.ok) {
      location.assign("/");
      return;
    }
    problem.textContent = (await response.json()).error;
  } catch {
    problem.textContent = "aed does not answer. Does it run?";
  } finally {
    button.disabled = false;
  }
});
