import { AgentsPage } from './pages/agents-page.tsx';
import { LogInPage } from './pages/log-in-page.tsx';
import { NotFoundPage } from './pages/not-found-page.tsx';
import { SetUpPage } from './pages/set-up-page.tsx';

/** One page per path; going from one to another is an ordinary navigation of the browser. */
export function App() {
  switch (location.pathname) {
    case '/':
      return <AgentsPage />;
    case '/login':
      return <LogInPage />;
    case '/setup':
      return <SetUpPage />;
    default:
      return <NotFoundPage />;
  }
}
